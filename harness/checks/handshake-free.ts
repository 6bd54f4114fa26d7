// A35: finding out what a server offers never costs an agent its calls. Every start of every agent begins with a handshake
// and a list of tools; a server that charges them to the budget of calls turns agents away before they have asked for
// anything, and a fleet that starts together cannot start at all.
//
// No limits: one handshake refused for a budget of calls is a fail. One that is refused for a budget of its own (scope `discovery` or
// `address`), or because the server is overloaded, shows nothing here. Not modelled: handshakes that are slow.
import { check } from './check.ts'
import { indexes, notExercised, some } from './finding.ts'

const WITNESSES = 20
/** Scopes of a refusal that are no budget of calls. */
const OF_THEIR_OWN: ReadonlySet<string> = new Set(['discovery', 'address'])

export const handshakeFree = check({
  code: 'A35',
  title: 'Handshakes and lists of tools are not charged to the call budget',
  why: 'An agent that cannot list the tools cannot work at all, and asks again at once, with a handshake before it.',
  remedy: {
    control: 'admission',
    do: 'Give initialize, notifications, discovery and lists a cheap budget of their own, apart from tools/call.',
    setting: 'DISCOVERY_RATE_PER_MINUTE',
    runbook: 'RATE_LIMITED',
  },
  source: 'awslabs aws-knowledge#2949; magda-core#2292',
  sort: 'exact',
  needs: ['responses'],
  limits: {},
  judge(history) {
    const handshakes = history.calls.filter(({ role }) => role === 'handshake')
    if (handshakes.length === 0) return notExercised('no agent began a session')
    const turnedAway = handshakes.filter((call) => call.class === 'refused' && !OF_THEIR_OWN.has(call.budget ?? ''))
    const [first] = turnedAway
    return {
      status: first ? 'fail' : 'pass',
      measured: turnedAway.length,
      limit: 0,
      unit: 'handshakes refused',
      samples: handshakes.length,
      says: first
        ? `${turnedAway.length} of ${some(handshakes.length, 'handshake')} refused, first ${first.tool}${first.budget === undefined ? '' : ` for the budget of the ${first.budget}`}`
        : `none of ${some(handshakes.length, 'handshake')} was charged to a budget of calls`,
      witnesses: indexes(turnedAway.slice(0, WITNESSES)),
    }
  },
})
