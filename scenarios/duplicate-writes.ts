// Answers to writes are cut after the write has been committed. Agents cannot know, and ask again with the same key; each
// intent must leave one row, and the second answer must be the first one's. One in five asks again though it was answered: only there are
// both answers seen. One in five leaves twice at the same moment, since two layers each send it: both are under way before either is done.
// One in ten uses the key of what was done for something else, which must be refused: answered with the first's result, it looks done.
// Every fifth has the key and the arguments of another tenant's: both must be done, and neither may be given the other's result.
// Where the target declares several instances, two stand behind a balancer: who asks again does so on a new connection, and is as likely to
// come to the one that has not done it. So do those that leave twice at once, over two connections.
//
// Effects are counted in the table, by key. Not modelled: an instance that dies between two tries.
import { boundedTime } from '../harness/checks/bounded-time.ts'
import { effectsOnce } from '../harness/checks/effects-once.ts'
import { recovers } from '../harness/checks/recovers.ts'
import { answersCut } from '../harness/faults/answers-cut.ts'
import { scenario } from '../harness/scenario.ts'
import { impatient } from './personas/impatient.ts'
import { steady } from './personas/steady.ts'

export default scenario({
  story: 'A write was committed, its answer was lost, the agent asked again: two e-mails, two invoices.',
  source: 'agentmail#49; SmartAI/mcp-chaos, duplicate-write; paveg/hono-idempotency#126',
  phases: { quick: { warmUpS: 2, steadyS: 8, stressS: 8, recoveryS: 6 }, full: { warmUpS: 15, steadyS: 60, stressS: 60, recoveryS: 60 } },
  windows: [{ id: 'cut', faults: [answersCut({ share: 0.5 })] }],
  settings: {
    instancesIfDeclared: 2,
    agentRatePerMinute: 1_200,
    agentBurst: 60,
    agentConcurrency: 20,
    agentToolRatePerMinute: 600,
    agentToolBurst: 40,
    poolMax: 6,
    queueMax: 16,
  },
  fleet: [
    impatient({
      agents: 8,
      role: 'write',
      everyMs: 800,
      timeoutMs: 2_500,
      tries: 5,
      recheckShare: 0.2,
      twiceShare: 0.2,
      alteredShare: 0.1,
      sharedKeyEvery: 5,
    }),
    steady({ agents: 6, role: 'cheapRead', everyMs: 700 }),
  ],
  checks: [effectsOnce(), boundedTime(), recovers()],
  essential: ['effects-once'],
})
