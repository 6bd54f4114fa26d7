// An agent's session lives in the instance that has seen it first. The others pass its calls on through Redis and wait for that instance's
// word, for ever: nobody takes over what a dead one had.
import { untilAborted } from '../call.ts'
import { authenticate } from '../controls/authenticate.ts'
import { control } from '../controls/control.ts'
import { weakness } from './weakness.ts'

interface Message {
  id: string
  /** Who asks; absent in an answer. */
  from?: string
}

const routed = control({
  summary: 'Asks the instance that holds the session of a call before it goes on.',
  source: 'modelcontextprotocol/typescript-sdk, "Local state with message routing"',
  settings: [],
  wrap: (next, { redis, settings }) => {
    const me = `desk:at:${settings.INSTANCE}-${process.pid}`
    const waiting = new Map<string, () => void>()
    const tell = (to: string, message: Message): void => void redis.publish(to, JSON.stringify(message)).catch(() => undefined)
    const ear = redis.duplicate()
    ear.on('error', () => undefined)
    ear.on('ready', () => void ear.subscribe(me).catch(() => undefined))
    ear.on('message', (_channel, text: string) => {
      const { id, from } = JSON.parse(text) as Message
      if (from === undefined) waiting.get(id)?.()
      else tell(from, { id })
    })
    redis.once('end', () => ear.disconnect())
    return async function routed(call) {
      const { identity, leaseId: id, abort } = call
      if (!identity) return await next(call)
      const session = `desk:session:${identity.tenant}:${identity.agent}`
      await redis.setnx(session, me)
      const owner = (await redis.get(session)) ?? me
      if (owner === me) return await next(call)
      const { promise: answered, resolve } = Promise.withResolvers<void>()
      const { aborted, forget } = untilAborted(abort.signal)
      waiting.set(id, resolve)
      try {
        tell(owner, { id, from: me })
        await Promise.race([answered, aborted])
      } finally {
        waiting.delete(id)
        forget()
      }
      return await next(call)
    }
  },
})

export default weakness({
  story:
    'Sessions lived in one process each and calls were routed to it. It died; a third of the agents waited for it until somebody restarted them.',
  source: 'modelcontextprotocol/typescript-sdk, "Multi-node deployment modes"; vumi-go#541',
  caughtBy: { scenario: 'rolling-restart', check: 'kill-contained' },
  apply: (parts) => ({
    ...parts,
    arrange: (controls) => parts.arrange(controls).flatMap((one) => (one === authenticate ? [one, routed] : [one])),
  }),
})
