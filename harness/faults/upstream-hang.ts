// An API that the server calls does not answer: it says nothing at all, or it sends its headers and then one byte after the other, so
// that a timeout between bytes never fires and only one on the whole answer helps.
// Parameters: how (silent; trickle), bytesPerSecond (1; 1 to 1,000) of the trickle.
// What it does not model: an API that cannot be connected to (connect-black-hole with dependency upstream).
import { choice, count } from '../parameters.ts'
import { fault } from './fault.ts'
import { answered, askUpstream, behave } from './upstream-canary.ts'

const LOOK_MS = 700

export const upstreamHang = fault({
  summary: 'An upstream API takes requests and never finishes an answer.',
  source: 'Nygard, "Release It!", blocked threads; slowloris, from the other end',
  dependency: 'upstream',
  needs: ['link', 'upstream'],
  faithful:
    'Silent: the connection is open and nothing comes. Trickle: status 200 and headers at once, then the body at that pace. At the end what hung is closed or finished.',
  parameters: { how: choice(['silent', 'trickle'], 'silent'), bytesPerSecond: count(1, { from: 1, to: 1_000 }) },
  async inject(environment, { how, bytesPerSecond }, signal) {
    const behaviour = how === 'silent' ? ({ kind: 'hang' } as const) : ({ kind: 'trickle', bytesPerSecond } as const)
    const undo = await behave(environment, behaviour, signal)
    return {
      felt: async () => {
        const seen = await askUpstream(environment, signal, LOOK_MS)
        return answered(seen, seen.error === 'TIMEOUT')
      },
      healed: async () => {
        const seen = await askUpstream(environment, undefined, LOOK_MS)
        return answered(seen, seen.status === 200)
      },
      [Symbol.asyncDispose]: () => undo[Symbol.asyncDispose](),
    }
  },
})
