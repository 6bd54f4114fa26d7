// An agent belongs to the instance that has seen it first: its session lives in that process' memory, and the others, who know of it
// through Redis, do not serve it. Nothing ever takes it over.
import { authenticate } from '../controls/authenticate.ts'
import { control } from '../controls/control.ts'
import { CallError } from '../errors.ts'
import { weakness } from './weakness.ts'

const homed = control({
  summary: 'Serves the sessions that live in this process, and no others.',
  source: 'the examples of every MCP SDK: const transports = {}',
  settings: [],
  wrap: (next, { redis, settings }) => {
    const mine = new Set<string>()
    const me = `${settings.INSTANCE}-${process.pid}`
    return async function homed(call) {
      const { identity } = call
      if (!identity) return await next(call)
      const key = `desk:home:${identity.tenant}:${identity.agent}`
      if (!mine.has(key)) {
        await redis.setnx(key, me)
        if ((await redis.get(key)) !== me) throw new CallError('INVALID_REQUEST', 'There is no such session here.')
        mine.add(key)
      }
      return await next(call)
    }
  },
})

export default weakness({
  story: 'Sessions lived in the memory of one process. It died, and a third of the agents were told "session not found" by the others.',
  source: 'modelcontextprotocol/typescript-sdk, "Multi-node deployment modes"; Waishnav/devspace#71 (session registry in memory)',
  caughtBy: { scenario: 'rolling-restart', check: 'kill-contained' },
  apply: (parts) => ({
    ...parts,
    arrange: (controls) => parts.arrange(controls).flatMap((one) => (one === authenticate ? [one, homed] : [one])),
  }),
})
