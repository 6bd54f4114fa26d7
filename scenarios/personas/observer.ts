// One quiet agent with the patience of the official TypeScript client: it sees what a patient client would, where others gave up long ago.
//
// Stands for: the client whose timeout outlives every deadline, so that a hang is seen as a hang and a late answer as late.
// Rows of the table in docs/presets.md: "client timeout" (60 s, TypeScript SDK), "retry, raw SDK" (0).
// Parameters: everyMs, its pace (2,000 ms, quick 1,000; 20–600,000); timeoutMs (60,000 ms, quick 6,000: above the quick scale's
// deadlines, so that a hang shows inside the window; 50–300,000).
// Not modelled: progress notifications that reset the timeout.
import { atQuick, milliseconds } from '../../harness/parameters.ts'
import { persona } from '../../harness/persona.ts'

export const observer = persona({
  summary: 'Calls seldom and waits long, so that it sees what a patient client would.',
  source: 'TypeScript SDK: DEFAULT_REQUEST_TIMEOUT_MSEC = 60000, no retries',
  parameters: {
    everyMs: atQuick(milliseconds(2_000, { from: 20, to: 600_000 }), 1_000),
    timeoutMs: atQuick(milliseconds(60_000, { from: 50, to: 300_000 }), 6_000),
  },
  tasks(draw, { everyMs }, span) {
    return draw.arrivals(span, everyMs, 'regular').map((atMs) => ({ atMs, calls: [{ turn: 1, thinkMs: 0 }] }))
  },
  async act(agent, task, { timeoutMs }) {
    for (const call of task.calls) await agent.call(call, { timeoutMs })
  },
})
