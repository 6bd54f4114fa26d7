// One instance of the server hangs: a blocked event loop, a stop-the-world, a throttled container. It takes connections (the kernel
// does that) and answers none; whoever has sent it a call needs a deadline of his own, and the balancer must notice.
// Parameters: instance (1; 1 to 64).
// What it does not model: an instance that is merely slow (cpu-squeeze).
import type { Remedy } from '../environment/service.ts'
import { count } from '../parameters.ts'
import { breaking } from './breaking.ts'
import { fault } from './fault.ts'
import { neededServer } from './needed.ts'
import { byWord } from './proof.ts'
import { askInstance } from './server-canary.ts'

export const serverFrozen = fault({
  summary: 'Stops one instance of the server in the middle of whatever it does.',
  source: 'Linux, SIGSTOP; Huang et al., "Gray Failure" (HotOS 2017)',
  dependency: 'server',
  needs: ['servers'],
  faithful:
    'Its process group is stopped: timers do not fire, and at the end all that was late fires at once. Its dependencies see an idle client.',
  parameters: { instance: count(1, { from: 1, to: 64 }) },
  async inject(environment, { instance }, signal) {
    const server = neededServer(environment, instance)
    const remedy: Remedy = { do: 'signal', pid: server.pid, group: true, signal: 'SIGCONT' }
    const harm = () => server.signal('SIGSTOP')
    const undo = await breaking(environment, { remedies: [remedy], harm, heal: () => server.signal('SIGCONT'), signal })
    const looks = byWord(['TIMEOUT'], signal, (stop) => askInstance(environment, instance, stop))
    return { ...looks, [Symbol.asyncDispose]: () => undo[Symbol.asyncDispose]() }
  },
})
