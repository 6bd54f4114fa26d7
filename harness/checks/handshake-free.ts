// A35: finding out what a server offers never costs an agent its calls. Every start of every agent begins with a handshake
// and a list of tools; a server that charges them to the budget of calls turns agents away before they have asked for
// anything, and a fleet that starts together cannot start at all.
//
// No limits: one handshake refused for a budget of calls is a fail. One that is refused for a budget of its own (scope `discovery` or
// `address`), or because the server is overloaded, shows nothing here, unless it is more than one of three of an agent's on average (ours):
// then whether a fleet can start at all depends on what that budget is for, which nobody tells. Each agent counts the same: one that opens
// a session for each of its tries, ten a second, is refused rightly. A budget of another name, or one of sessions, is one of the calls where
// it refused calls too; one without a name, where calls were refused without one within a second; else nobody knows. What names no budget
// may name a policy (RateLimit). Not modelled: handshakes that are slow.
import type { Call } from '../history/event.ts'
import { ascending, countBelow } from '../history/sorted.ts'
import { wordsOf } from '../history/words.ts'
import { budgetsIn } from './cause.ts'
import { check, type Remedy } from './check.ts'
import { indexes, notExercised, percent, some, unknown } from './finding.ts'

const WITNESSES = 20
/** Scopes of a refusal that are no budget of calls. */
const OF_THEIR_OWN: ReadonlySet<string> = new Set(['discovery', 'address'])
/** Scopes that are one by their name; what there is room for at once may be counted of everything, for the server's own sake. */
const OF_CALLS: readonly string[] = ['agent', 'tool', 'tenant']
const TOGETHER_MS = 1_000
const OWN_MOST = 1 / 3

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
      calls.filter((call) => nameOf(call) === undefined),
      ({ sentAtMs }) => sentAtMs,
    )
    const ofCalls = new Set([...OF_CALLS, ...calls.map(nameOf)])
    const turnedAway = refused.filter((call) => (nameOf(call) === undefined ? isNear(unnamed, call) : ofCalls.has(nameOf(call))))
    const [first] = turnedAway
    const shown = { measured: turnedAway.length, limit: 0, unit: 'handshakes refused', samples: handshakes.length }
    if (!first && refused.length > 0)
      return unknown(`${some(refused.length, 'handshake')} refused for ${budgetsIn(refused)}, while no call was`, {
        ...shown,
        witnesses: indexes(refused.slice(0, WITNESSES)),
      })
    const own = handshakes.filter(isForTheirOwn)
    const share = meanOverAgents(handshakes)
    if (!first && share > OWN_MOST)
      return unknown(`agents had ${percent(share)} of their handshakes refused for a budget of their own: ${budgetsIn(own)}`, {
        ...shown,
        witnesses: indexes(own.slice(0, WITNESSES)),
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

function isForTheirOwn({ class: fate, budget = '' }: Call): boolean {
  return fate === 'refused' && OF_THEIR_OWN.has(budget)
}

/** The share of an agent's handshakes that were refused for a budget of their own. */
function meanOverAgents(handshakes: readonly Call[]): number {
  const shares = [...Map.groupBy(handshakes, ({ agent }) => agent).values()].map((own) => own.filter(isForTheirOwn).length / own.length)
  return shares.reduce((sum, share) => sum + share, 0) / shares.length
}

/** What it calls the budget, or the policy that it tells with it. */
function nameOf({ budget, evidence }: Call): string | undefined {
  if (budget === 'concurrency' && /\bsessions?\b/i.test(wordsOf(evidence))) return 'sessions'
  return budget ?? /^\s*"([^"]+)"/.exec(evidence.rateLimit ?? '')?.[1]
}

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
