// Exchange rates from the outside: `GET /rate?base=EUR&quote=USD` at UPSTREAM_URL. One deadline (UPSTREAM_TIMEOUT_MS, at most 2 s)
// covers connecting, headers and the whole body: an upstream that sends a byte a second is as slow as one that sends none.
// Never asked twice: the agent above asks again, and two layers that do so multiply. Its 429 is passed on with its wait.
// The call carries the request's id, its trace and a keyed hash of the agent, so that the other side can hold one agent back
// without learning who it is; nothing else of the caller's leaves.
// Silence, a broken connection, a status that makes no sense and what cannot be read count for the breaker; its 429, and what it says
// of a currency that it does not know (400, 404, 410, 422), say that it lives.
// Without UPSTREAM_URL: a small table of rates, so that the server runs alone.
// Instances give an agent the same tag only when they share LOG_HASH_KEY. Does not model: a cache of rates, a bound on calls at once
// (the agents' leases are one).
import { createHmac, randomBytes } from 'node:crypto'
import { z } from 'zod'
import type { Call } from '../call.ts'
import { CallError } from '../errors.ts'
import { SPANS } from '../telemetry-names.ts'

export interface Rates {
  /**
   * How many units of `quote` one of `base` buys.
   * @throws CallError RATE_LIMITED (theirs), DEPENDENCY_UNAVAILABLE, INVALID_ARGUMENTS, or the call's own abort reason
   */
  rate(base: string, quote: string): Promise<number>
}

export interface RatesOptions {
  url: string
  timeoutMs: number
  /** Key of the agent's tag. */
  tagKey: string
  clock: () => number
}

const BODY_MAX_BYTES = 65_536
const THEIR_WAIT_MS = 1_000
/** A wait of a thousand years is no wait that anybody could be told. */
const THEIR_WAIT_MAX_MS = 86_400_000
/** Statuses that say no more than that these currencies will not do. 401 and 403 are not among them: the caller has no part in those. */
const OF_THE_CALLER: ReadonlySet<number> = new Set([400, 404, 410, 422])
const Answer = z.object({ rate: z.number().positive() })
/** Units that one euro buys. */
const TABLE: Record<string, number> = { EUR: 1, USD: 1.08, JPY: 162.5, GBP: 0.85, CHF: 0.95 }

/** Rates as one call asks for them. */
export type RatesOf = (call: Call) => Rates

export function createRates({ url, timeoutMs, tagKey, clock }: RatesOptions): RatesOf {
  if (url === '') return () => ({ rate: async (base, quote) => fromTable(base, quote) })
  const key = tagKey || randomBytes(32)
  return (call) => ({
    async rate(base, quote) {
      const address = new URL('/rate', url)
      address.search = new URLSearchParams({ base, quote }).toString()
      const { facts, abort, trace } = call
      const startedMs = clock()
      const span = trace?.child(SPANS.upstream)
      const signal = AbortSignal.any([AbortSignal.timeout(timeoutMs), abort.signal])
      try {
        abort.signal.throwIfAborted()
        const response = await fetch(address, { headers: headersOf(call, key, span?.traceparent), signal, redirect: 'error' })
        const rate = read(response, await bounded(response))
        facts.upstream = 'up'
        span?.end()
        return rate
      } catch (error) {
        span?.end(error)
        if (abort.signal.aborted) throw abort.signal.reason
        const told = error instanceof CallError ? error : away(error)
        facts.upstream = told.code === 'DEPENDENCY_UNAVAILABLE' ? 'down' : 'up'
        throw told
      } finally {
        facts.upstreamMs = (facts.upstreamMs ?? 0) + clock() - startedMs
      }
    },
  })
}

function headersOf({ requestId, identity, traceparent }: Call, key: string | Buffer, span?: string): Record<string, string> {
  const tag = createHmac('sha256', key).update(`${identity?.tenant}:${identity?.agent}`).digest('base64url').slice(0, 22)
  const parent = span ?? traceparent
  return { accept: 'application/json', 'x-request-id': requestId, 'x-agent-tag': tag, ...(parent && { traceparent: parent }) }
}

function read(response: Response, text: string): number {
  if (response.status === 429) throw throttled(response.headers.get('retry-after'))
  if (OF_THE_CALLER.has(response.status)) throw new CallError('INVALID_ARGUMENTS', 'There is no rate for these currencies.')
  if (!response.ok) throw away(new Error(`status ${response.status}`))
  return Answer.parse(JSON.parse(text)).rate
}

/** @throws when there is more than anybody needs to say a number */
async function bounded(response: Response): Promise<string> {
  let text = ''
  const decoder = new TextDecoder()
  for await (const chunk of response.body ?? []) {
    text += decoder.decode(chunk, { stream: true })
    if (text.length > BODY_MAX_BYTES) throw new Error('the answer is too large')
  }
  return text
}

/** Passed on, not waited for: a server that sleeps on somebody's Retry-After holds its caller's place meanwhile. */
function throttled(retryAfter: string | null): CallError {
  const seconds = Number(retryAfter ?? '')
  const dated = Date.parse(retryAfter ?? '') - Date.now()
  const told = retryAfter !== null && Number.isFinite(seconds) ? seconds * 1_000 : dated
  const retryAfterMs = Number.isFinite(told) && told > 0 ? Math.min(told, THEIR_WAIT_MAX_MS) : THEIR_WAIT_MS
  const wait = Math.ceil(retryAfterMs / 1_000)
  return new CallError('RATE_LIMITED', `The service behind this tool limits its calls; wait ${wait} s.`, {
    scope: 'upstream',
    retryAfterMs,
  })
}

function away(cause: unknown): CallError {
  return new CallError('DEPENDENCY_UNAVAILABLE', 'The service behind this tool does not answer; ask again in 1 s.', {
    scope: 'upstream',
    retryAfterMs: 1_000,
    cause,
  })
}

function fromTable(base: string, quote: string): number {
  const [from, to] = [TABLE[base], TABLE[quote]]
  if (from === undefined || to === undefined) throw new CallError('INVALID_ARGUMENTS', 'There is no rate for these currencies.')
  return Math.round((to / from) * 1e6) / 1e6
}
