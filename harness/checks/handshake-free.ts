// A35: finding out what a server offers never costs an agent its calls. Every start of every agent begins with a handshake
// and a list of tools; a server that charges them to the budget of calls turns agents away before they have asked for
// anything, and a fleet that starts together cannot start at all.
//
// No limits: one handshake refused for a budget of calls is a fail. One that is refused for a budget of its own (scope `discovery` or
// `address`), or because the server is overloaded, shows nothing here. A budget of another name is one of the calls where it refused calls
// too; one without a name, where calls were refused without one within a second; else nobody knows. Not modelled: handshakes that are slow.
import type { Call } from '../history/event.ts'
import { ascending, countBelow } from '../history/sorted.ts'
import { budgetsIn } from './cause.ts'
import { check, type Remedy } from './check.ts'
import { indexes, notExercised, some, unknown } from './finding.ts'

const WITNESSES = 20
/** Scopes of a refusal that are no budget of calls. */
const OF_THEIR_OWN: ReadonlySet<string> = new Set(['discovery', 'address'])
/** Scopes that are one by their name; what there is room for at once may be counted of everything, for the server's own sake. */
const OF_CALLS: readonly string[] = ['agent', 'tool', 'tenant']
const TOGETHER_MS = 1_000

export const handshakeFree = check({
  code: 'A35',
  title: 'Handshakes and lists of tools are not charged to the call budget',
  why: 'An agent that cannot list the tools cannot work at all, and asks again at once, with a handshake before it.',
  remedy: {
    control: 'admission',
    do: 'Give initialize, notifications, discovery and lists a cheap budget of their own, apart from tools/call.',
    runbook: 'RATE_LIMITED',
  },
  source: 'awslabs aws-knowledge#2949; magda-core#2292',
  sort: 'exact',
  needs: ['responses'],
  limits: {},
  judge(history) {
    const handshakes = history.calls.filter(({ role }) => role === 'handshake')
    if (handshakes.length === 0) return notExercised('no agent began a session')
    const refused = handshakes.filter((call) => call.class === 'refused' && !OF_THEIR_OWN.has(call.budget ?? ''))
    const calls = history.calls.filter((call) => call.role !== 'handshake' && call.class === 'refused')
    const unnamed = ascending(
      calls.filter(({ budget }) => budget === undefined),
      ({ sentAtMs }) => sentAtMs,
    )
    const ofCalls = new Set([...OF_CALLS, ...calls.map(({ budget }) => budget)])
    const turnedAway = refused.filter((call) => (call.budget === undefined ? isNear(unnamed, call) : ofCalls.has(call.budget)))
    const [first] = turnedAway
    const shown = { measured: turnedAway.length, limit: 0, unit: 'handshakes refused', samples: handshakes.length }
    if (!first && refused.length > 0)
      return unknown(`${some(refused.length, 'handshake')} refused for ${budgetsIn(refused)}, while no call was`, {
        ...shown,
        witnesses: indexes(refused.slice(0, WITNESSES)),
      })
    return {
      ...shown,
      status: first ? 'fail' : 'pass',
      evidence: first && turnedAway.every(({ budget }) => budget === undefined) ? 'inferred' : 'direct',
      ...(first && { remedy: remedyOf(turnedAway) }),
      says: first
        ? `${turnedAway.length} of ${some(handshakes.length, 'handshake')} refused, first ${first.tool}${first.budget === undefined ? '' : ` for the budget of the ${first.budget}`}`
        : `none of ${some(handshakes.length, 'handshake')} was charged to a budget of calls`,
      witnesses: indexes(turnedAway.slice(0, WITNESSES)),
    }
  },
})

function isNear(moments: ArrayLike<number>, { sentAtMs }: Call): boolean {
  return countBelow(moments, sentAtMs + TOGETHER_MS, true) > countBelow(moments, sentAtMs - TOGETHER_MS)
}

/** Whose budget paid for them is where to look; what one of their own is set to decides nothing while it is not the one that is asked. */
function remedyOf(turnedAway: readonly Call[]): Remedy {
  return {
    control: 'admission',
    do: `Handshakes were charged to: ${budgetsIn(turnedAway)}. Give initialize, notifications, discovery and lists a cheap budget of their own, apart from tools/call.`,
    runbook: 'RATE_LIMITED',
  }
}
