// One instance of the server dies without a word: out of memory, a lost node, an impatient orchestrator. Only the calls that it had
// in hand may be lost; what it held for them (leases, locks, slots) must come free by itself.
// Parameters: instance (1; 1 to 64).
// What it does not model: a supervisor that starts it again at once: it comes back at the end of the window.
import { count } from '../parameters.ts'
import { breaking } from './breaking.ts'
import { fault } from './fault.ts'
import { neededServer } from './needed.ts'
import { byWord, GONE } from './proof.ts'
import { askInstance } from './server-canary.ts'

export const serverKilled = fault({
  summary: 'Kills one instance of the server; it is started again at the end.',
  source: 'Linux, SIGKILL; Netflix, Chaos Monkey',
  dependency: 'server',
  needs: ['servers'],
  faithful:
    'Its process group gets SIGKILL: no handler runs, its connections are reset by the kernel. Behind the balancer the others go on.',
  parameters: { instance: count(1, { from: 1, to: 64 }) },
  async inject(environment, { instance }, signal) {
    const server = neededServer(environment, instance)
    const undo = await breaking(environment, { remedies: [], harm: () => server.kill(), heal: () => server.restart(), signal })
    const looks = byWord(GONE, signal, (stop) => askInstance(environment, instance, stop))
    return { ...looks, [Symbol.asyncDispose]: () => undo[Symbol.asyncDispose]() }
  },
})
