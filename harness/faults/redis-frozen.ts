// A Redis that hangs: swapping, forking with a large memory, a virtual machine that is being moved. Connections stay open and
// new ones are made (the kernel does that), and nothing is ever answered. Without a timeout on commands every request waits.
// Parameters: none.
// What it does not model: a Redis that answers late (redis-latency), or says that it is busy (redis-busy).
import type { Remedy } from '../environment/service.ts'
import { breaking } from './breaking.ts'
import { fault } from './fault.ts'
import { neededLink, provenRedis } from './needed.ts'
import { byWord } from './proof.ts'
import { redisLook } from './redis-session.ts'

const LOOK_MS = 500

export const redisFrozen = fault({
  summary: 'Stops Redis in the middle of whatever it does.',
  source: 'Linux, SIGSTOP; Huang et al., "Gray Failure" (HotOS 2017)',
  dependency: 'redis',
  needs: ['link', 'redis'],
  faithful: 'Commands are sent and never answered, neither with a result nor with an error; at the end all of them are, at once.',
  parameters: {},
  async inject(environment, _parameters, signal) {
    const link = neededLink(environment, 'redis')
    const redis = await provenRedis(environment)
    const remedy: Remedy = { do: 'signal', pid: redis.pid, group: false, signal: 'SIGCONT' }
    const harm = () => redis.signal('SIGSTOP')
    const undo = await breaking(environment, { remedies: [remedy], harm, heal: () => redis.signal('SIGCONT'), signal })
    const looks = byWord(['TIMEOUT'], signal, (stop) => redisLook(link, ['PING'], stop, LOOK_MS))
    return { ...looks, [Symbol.asyncDispose]: () => undo[Symbol.asyncDispose]() }
  },
})
