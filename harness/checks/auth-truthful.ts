// A31: what a token is good for is what it gets. A right one is let in; one that is out of date, for another server, revoked or no token at
// all is told 401 with a challenge; one without the scope is told 403 with a challenge that names it; and one that nobody can check
// right now is told 503, never 401: an agent that is told 401 throws its token away and asks for a new one, all agents at once.
//
// Looked at: calls with a credential that the target minted to be wrong (their lines say which), and the 401s and 403s of agents with their
// own. `new-key` is right, but signed by a key that the issuer has not published: while `identity-provider-down` is felt it cannot be
// checked (503), once `keys-rotated` has published it, it is good. `unknown-key` never is, and may be told 503 or 401 then. Refusals that
// say nothing of the token (a budget, an overload, a 503) are no flaw of it; a kind of which nothing else was told is unknown. Who lacks a
// scope may be told that there is no such tool. What is revoked while it is in use is right until then, and wrong graceMs later; of
// tokens whose key is forgotten nobody can say. Limits: graceMs, how long a changed key or a revocation may take to be known (default 1 s).
// Not modelled: whether a right challenge leads on.
import { codesOf } from '../history/codes.ts'
import type { Call } from '../history/event.ts'
import { type FaultRecord, faultsOf } from '../history/faults.ts'
import { milliseconds } from '../parameters.ts'
import { isByProxy } from './by-proxy.ts'
import { check } from './check.ts'
import { indexes, notExercised, some, unknown } from './finding.ts'

const WITNESSES = 20
/** Of fewer calls with one credential nothing is told. */
const TRIED_LEAST = 5

interface Judged {
  call: Call
  flaw: string | undefined
}

export const authTruthful = check({
  code: 'A31',
  title: 'A token gets what it is good for, and the truth when it is good for nothing',
  why: 'A wrong yes is a leak. A wrong no is a storm: every agent that is told 401 logs in again, at the moment when the identity provider is down.',
  remedy: {
    control: 'authenticate',
    do: 'Check signature, issuer, audience, expiry, revocation and the tool’s scopes on each call; keep the last good keys; answer 503 with a wait when a token cannot be checked, 401 or 403 with a challenge when it is wrong.',
    runbook: 'UNAUTHENTICATED',
  },
  source: 'RFC 6750 §3.1; RFC 9068; RFC 9728 §5.1; mcp-remote#338 (2,784 token requests in 5 s)',
  sort: 'exact',
  needs: ['credentials'],
  limits: { graceMs: milliseconds(1_000, { from: 0, to: 60_000 }) },
  judge(history, { graceMs }) {
    const faults = faultsOf(history).filter(({ dependency }) => dependency !== undefined)
    const provider = providerOf(faults, graceMs)
    const forgottenAtMs = Math.min(...faults.filter(forgets).map(({ beginsMs }) => beginsMs))
    const { revoked } = history.manifest
    const judged = history.calls.flatMap((call): Judged[] => {
      if (call.endedAtMs === undefined || call.evidence.transport !== undefined) return []
      if (call.credential === undefined) return call.endedAtMs < forgottenAtMs ? ownOf(call) : []
      if (call.credential !== 'revoked' || !revoked) return [{ call, flaw: flawOf(call, provider) }]
      if (call.sentAtMs >= revoked.toMs + graceMs) return [{ call, flaw: flawOf(call, provider) }]
      return call.endedAtMs < revoked.fromMs ? ownOf(call) : []
    })
    const tried = judged.filter(({ call }) => call.credential !== undefined)
    const flawed = judged.filter(({ flaw }) => flaw !== undefined)
    if (tried.length === 0 && flawed.length === 0) return notExercised('nobody tried a credential that is not his own')
    const kinds = [...Map.groupBy(flawed, ({ flaw }) => flaw)].sort((a, b) => b[1].length - a[1].length)
    const all = [...Map.groupBy(tried, ({ call }) => call.credential)].map(([credential, calls]) => `${calls.length} ${credential}`)
    const untold = [...Map.groupBy(tried, ({ call }) => kindOf(call, provider))].filter(
      ([kind, calls]) => kind !== undefined && calls.length >= TRIED_LEAST && !calls.some(({ call }) => saysOf(call, provider)),
    )
    if (flawed.length === 0 && untold.length > 0) {
      const which = untold.map(([kind, calls]) => `${some(calls.length, 'call')} with a credential that is ${kind}`).join(', ')
      return unknown(`nothing was told of the token in ${which}: all were turned away for other reasons`, { samples: judged.length })
    }
    return {
      status: flawed.length > 0 ? 'fail' : 'pass',
      measured: flawed.length,
      limit: 0,
      unit: 'untrue answers',
      samples: judged.length,
      says:
        flawed.length > 0
          ? kinds.map(([flaw, calls]) => `${some(calls.length, 'call')} ${flaw}`).join('; ')
          : `every credential got what it is good for: ${all.join(', ')}`,
      witnesses: indexes(kinds.flatMap(([, list]) => list.slice(0, Math.ceil(WITNESSES / kinds.length))).map(({ call }) => call)),
    }
  },
})

/** With the agent's own token. Answers that are no word about it are not counted. */
function ownOf(call: Call): Judged[] {
  const { status } = call.evidence
  const flaw =
    status === 401 || isUnknownCaller(call)
      ? 'with a right token told 401'
      : isScopeRefusal(call)
        ? 'with a right token told that it lacks a scope'
        : undefined
  return flaw === undefined ? [] : [{ call, flaw }]
}

function isScopeRefusal({ evidence: { status, challenge = '', data } }: Call): boolean {
  return status === 403 && (/insufficient_scope/i.test(challenge) || data?.code === 'INSUFFICIENT_SCOPE')
}

/** The same as 401, told as a tool's result. */
function isUnknownCaller({ class: is, evidence }: Call): boolean {
  return is === 'denied' && codesOf(evidence).some((code) => /^(unauthenticated|40101)$/i.test(code))
}

/** The old key is gone at once, and whoever kept it may still use it. */
function forgets({ fault, parameters }: FaultRecord): boolean {
  return fault === 'keys-rotated' && parameters.old === 'forgotten'
}

type State = 'unpublished' | 'down' | 'published' | 'between'

/** Told as a tool's result too: turned away for another reason, before or after the token was looked at. */
const SAYS_NOTHING: ReadonlySet<string> = new Set(['refused', 'shed', 'draining', 'dependency', 'queue'])

/** Well made, and good for nothing: told 401 (RFC 6750 §3.1), and in MCP nothing else. */
const WORTHLESS: ReadonlySet<string> = new Set(['expired', 'revoked', 'wrong-audience', 'unknown-key'])

function flawOf(call: Call, stateAt: (call: Call) => State): string | undefined {
  const { credential = '', evidence } = call
  // It fell over the token: neither a word about it nor a wait, and no client knows what to do.
  if (call.class === 'server-error' && evidence.status >= 500 && !isByProxy(call))
    return `with a credential that is ${credential} told ${evidence.status}`
  if (credential === 'new-key') return newKeyFlaw(call, stateAt(call))
  const { status } = evidence
  // A request that is well made but for its token's worth: whoever is told 400 does not ask for a new token.
  if (status === 400 && WORTHLESS.has(credential)) return `with a credential that is ${credential} told 400`
  if (status === 429 || status === 503 || SAYS_NOTHING.has(call.class)) return undefined
  if (status === 401 || status === 403) return refusalFlaw(call)
  if (status >= 400 || call.class === 'denied' || isHidden(call)) return undefined
  // An error in words of the server's own, a page to log in at: whether it is about the token, nobody can tell, nor any client.
  if (call.class === 'unclassified' || call.class === 'server-error')
    return `with a credential that is ${credential} told an error that is neither 401 nor 403`
  return `let in with a credential that is ${credential}`
}

function refusalFlaw({ credential, evidence: { status, challenge } }: Call): string | undefined {
  if (credential === 'wrong-scope' && status === 401) return 'with a token that only lacks a scope told 401'
  if (credential !== 'wrong-scope' && credential !== 'wrong-tenant' && status === 403)
    return `with a credential that is ${credential} told 403`
  if (credential === 'wrong-tenant') return undefined
  if (challenge === undefined) return `told ${status} without a challenge`
  const error = /error="?([a-z_]+)/i.exec(challenge)?.[1]
  if (status === 403 && error !== 'insufficient_scope') return 'told 403 by a challenge that does not say insufficient_scope'
  if (status === 401 && error !== undefined && error !== 'invalid_token' && error !== 'invalid_request')
    return `told 401 by a challenge that says ${error}`
  return undefined
}

/** Servers may show each caller the tools that it may use, and know no others. */
function isHidden({ credential, evidence: { rpcCode, message = '' } }: Call): boolean {
  return credential === 'wrong-scope' && (rpcCode === -32_601 || NO_SUCH_TOOL.test(message))
}

const NO_SUCH_TOOL = /\b(?:unknown|no such) tool\b|\btool\b.{0,80}\b(?:not found|not available|does not exist)\b/i

/** Calls of which the same must be told; undefined: nobody can say what. */
function kindOf(call: Call, stateAt: (call: Call) => State): string | undefined {
  if (call.credential !== 'new-key') return call.credential
  const state = stateAt(call)
  return state === 'down' || state === 'published' ? `new-key (${state})` : undefined
}

/** Is its answer a word about the token? */
function saysOf(call: Call, stateAt: (call: Call) => State): boolean {
  const { class: is, evidence } = call
  if (call.credential === 'new-key') return stateAt(call) === 'down' ? evidence.status === 503 || is === 'dependency' : is === 'served'
  const words = call.credential === 'wrong-tenant' ? [401, 403, 404] : [400, 401, 403]
  return words.includes(evidence.status) || is === 'denied' || isHidden(call)
}

function newKeyFlaw(call: Call, state: State): string | undefined {
  const { class: is, evidence } = call
  const status = isUnknownCaller(call) ? 401 : evidence.status
  if (state === 'down' && (status === 401 || status === 403)) return `with a token that could not be checked told ${status}`
  if (state === 'down' && is === 'served') return 'let in with a token that nobody could check'
  if (state === 'published' && (status === 401 || status === 403)) return `with a right token under the issuer’s new key told ${status}`
  if (state === 'unpublished' && is === 'served') return 'let in with a token under a key that the issuer had not published'
  return undefined
}

/** What could be known of a new key all the while that a call was under way. Of a fault that was not felt nobody can say. */
function providerOf(faults: readonly FaultRecord[], graceMs: number): (call: Call) => State {
  const rotations = faults.filter(({ fault }) => fault === 'keys-rotated')
  const rotatingAtMs = Math.min(...rotations.map(({ beginsMs }) => beginsMs))
  const publishedAtMs = Math.min(...rotations.filter(({ felt }) => felt).map(({ fromMs }) => fromMs))
  const begun = faults.filter(({ fault }) => fault === 'identity-provider-down')
  const downs = begun.filter(({ felt }) => felt)
  return ({ sentAtMs, endedAtMs = sentAtMs }) => {
    if (downs.some(({ fromMs, toMs }) => sentAtMs >= fromMs && endedAtMs <= toMs)) return sentAtMs >= rotatingAtMs ? 'between' : 'down'
    if (begun.some(({ beginsMs, toMs }) => endedAtMs >= beginsMs && sentAtMs <= toMs + graceMs)) return 'between'
    if (sentAtMs >= publishedAtMs + graceMs) return 'published'
    return endedAtMs < rotatingAtMs ? 'unpublished' : 'between'
  }
}
