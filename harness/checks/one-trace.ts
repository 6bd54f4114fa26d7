// A29: a call is one trace from the agent's task through the server to what the server asked. A slow task is explained by the trace that
// has all of it; a server that begins a trace of its own, or loses it on the way to the database, leaves pieces that nobody can join.
//
// A call is whole when its trace holds the server's span of it (the one below the span that the agent sent, else one of a
// server that covers it), below that one a span of a database where the call's role needs `postgres`, and one of another
// client where it needs `upstream`; and when the upstream stub, where there is one, was asked under the same trace. An answer that was kept
// asks no database, and no upstream: where other calls of the tool have its spans, and none hangs anywhere else, those that have none are
// whole. Whose requests reached the stub is known where the server passes `X-Request-Id` on.
// Limits: share, of the calls that a tool answered (default 0.99); least, calls that must have been looked
// at (50). Left out: calls around a kill of the server, whose last spans die with it; traces that the
// collector had no room for. Spans of a server that sends none at all are unknown, not a fail: it says that
// it does. Not modelled: Redis, spans inside the tool, sampling by the server (an agent asks for each).
import type { Call } from '../history/event.ts'
import { faultsOf } from '../history/faults.ts'
import type { History } from '../history/history.ts'
import { needs, overlaps } from '../history/queries.ts'
import type { SpanLine } from '../history/raw-line.ts'
import { agentSpanOf, isDatabase, isKept, isUpstream } from '../history/spans.ts'
import { count, share } from '../parameters.ts'
import { check } from './check.ts'
import { indexes, notExercised, percent, some, unknown } from './finding.ts'
import { wilson } from './wilson.ts'

const WITNESSES = 20
/** Spans are sent in heaps: what a killed server had not sent yet is about this much. */
const UNSENT_MS = 5_000
/** A server's clock may be this far from the agents'. */
const CLOCKS_MS = 100
/** Spans above one another; parents may go in circles. */
const DEEPEST = 100

export const oneTrace = check({
  code: 'A29',
  title: 'A call is one trace, from the agent to the database',
  why: 'When a task of forty calls is slow, its trace says which one and where in it. A trace that ends at the server’s door says nothing.',
  remedy: {
    control: 'traces',
    do: 'Go on from the traceparent of `params._meta`, else from the header; make each query and each request upstream a span below the call’s, and send the traceparent on.',
    runbook: 'INTERNAL',
  },
  source: 'W3C Trace Context; MCP 2026-07-28, traceparent in _meta (SEP-414); seed 1, "Observability"',
  sort: 'statistical',
  needs: ['spans'],
  limits: { share: share(0.99), least: count(50) },
  judge(history, limits) {
    const { spans, manifest } = history
    const calls = callsOf(history)
    if (calls.length === 0) return notExercised('no tool answered a call')
    if (spans.length === 0)
      return unknown(`no span came${manifest.spans?.because ? `: the first was refused with ${manifest.spans.because}` : ''}`)
    const index = new SpanIndex(spans)
    const asked = Map.groupBy(
      history.hits.filter(({ call }) => call !== undefined),
      ({ call }) => call,
    )
    const found = calls.flatMap((call) => {
      const flaw = flawOf(history, call, index, asked)
      return flaw === undefined ? [] : [{ call, flaw }]
    })
    const kept = new Set([
      ...answersKept(calls, found, index, NO_DATABASE, isDatabase),
      ...(asked.size > 0 ? [] : answersKept(calls, found, index, NO_UPSTREAM, isUpstream)),
    ])
    const flawed = found.filter(({ call }) => !kept.has(call))
    const whole = calls.length - flawed.length
    const [measured, interval] = [whole / calls.length, wilson(whole, calls.length)]
    const kinds = [...Map.groupBy(flawed, ({ flaw }) => flaw)].sort((a, b) => b[1].length - a[1].length)
    const says = [
      `${percent(measured)} of ${some(calls.length, 'call')} are one trace${kept.size > 0 ? `, ${kept.size} without asking the database or the upstream` : ''}`,
      ...kinds.map(([flaw, list]) => `${list.length} ${flaw}`),
    ].join('; ')
    const witnesses = indexes(kinds.flatMap(([, list]) => list.slice(0, Math.ceil(WITNESSES / kinds.length))).map(({ call }) => call))
    const shown = { measured, interval, limit: limits.share, unit: 'of 1', samples: calls.length, witnesses }
    if (calls.length < limits.least) return unknown(`${says}: too few to tell, ${limits.least} would do`, shown)
    if (measured >= limits.share) return { ...shown, status: 'pass', says }
    return interval[1] < limits.share ? { ...shown, status: 'fail', says } : unknown(`${says}: which does not decide`, shown)
  },
})

/** Answered by a tool, with a trace that the collector had room for, and not around a kill. */
function callsOf(history: History): Call[] {
  const { oneIn = 1 } = history.manifest.spans ?? {}
  const killed = faultsOf(history)
    .filter(({ dependency }) => dependency === 'server')
    .map(({ fromMs, overMs }) => ({ fromMs: fromMs - UNSENT_MS, toMs: overMs }))
  return history.calls.filter(
    (call) =>
      call.role !== 'handshake' &&
      call.evidence.status === 200 &&
      call.class !== 'refused' &&
      isKept(call.trace, oneIn) &&
      !killed.some((span) => overlaps(call, span)),
  )
}

const NO_DATABASE = 'without a span of the database below the server’s'
const NO_UPSTREAM = 'without a span of the upstream below the server’s'

/** Calls that lack nothing but such a span, of tools that others have made ask for one, where none is astray. */
function answersKept(
  calls: readonly Call[],
  found: readonly { call: Call; flaw: string }[],
  index: SpanIndex,
  lack: string,
  isSuch: (span: SpanLine) => boolean,
): Call[] {
  const without = new Set(found.flatMap(({ call, flaw }) => (flaw === lack ? [call] : [])))
  if (without.size === 0 || index.isAstray(isSuch)) return []
  const asking = new Set(calls.flatMap((call) => (without.has(call) || !index.asks(call, isSuch) ? [] : [call.tool])))
  return [...without].filter(({ tool }) => asking.has(tool))
}

/** @param asked requests at the upstream stub, by the call that they were for; empty where that is not known */
function flawOf(
  history: History,
  call: Call,
  index: SpanIndex,
  asked: ReadonlyMap<string | undefined, readonly { trace?: string }[]>,
): string | undefined {
  if (asked.get(call.call)?.some((hit) => hit.trace !== call.trace)) return 'asked upstream under another trace'
  const served = index.serverSpanOf(call)
  if (!served) return 'without a span of the server in the trace of its task'
  if (call.class !== 'served') return undefined
  const below = index.below(served)
  if (needs(history, call.role, 'postgres') && !below.some(isDatabase)) return NO_DATABASE
  const wantsUpstream = asked.size > 0 ? asked.has(call.call) : needs(history, call.role, 'upstream')
  return wantsUpstream && !below.some(isUpstream) ? NO_UPSTREAM : undefined
}

/** A task of a runaway has one trace and thousands of calls: what belongs to one of them is looked up, not looked for. */
class SpanIndex {
  readonly #spans: readonly SpanLine[]
  readonly #children: ReadonlyMap<string, SpanLine[]>
  /** Of each trace, in the order of time. */
  readonly #servers: ReadonlyMap<string, SpanLine[]>

  constructor(spans: readonly SpanLine[]) {
    this.#spans = spans
    this.#children = Map.groupBy(spans, ({ trace, parent }) => `${trace}/${parent}`)
    this.#servers = Map.groupBy(
      spans.filter(({ role }) => role === 'server'),
      ({ trace }) => trace,
    )
  }

  serverSpanOf(call: Call): SpanLine | undefined {
    const [own] = this.#children.get(`${call.trace}/${agentSpanOf(call)}`) ?? []
    return own ?? this.#during(call)
  }

  asks(call: Call, isSuch: (span: SpanLine) => boolean): boolean {
    const served = this.serverSpanOf(call)
    return served !== undefined && this.below(served).some(isSuch)
  }

  /** Does such a span hang below none of the server's, or below one that was over before it began? */
  isAstray(isSuch: (span: SpanLine) => boolean): boolean {
    const byId = new Map(this.#spans.map((span) => [`${span.trace}/${span.span}`, span]))
    return this.#spans.filter(isSuch).some((span) => {
      let above: SpanLine | undefined = span
      for (let n = 0; n < DEEPEST && above && above.role !== 'server'; n++) above = byId.get(`${above.trace}/${above.parent}`)
      return above?.role !== 'server' || span.atMs > above.endedAtMs + CLOCKS_MS
    })
  }

  below(top: SpanLine): SpanLine[] {
    const found: SpanLine[] = []
    const seen = new Set([top.span])
    const open = [top]
    // It grows while it is gone through: children of children.
    for (const { trace, span } of open)
      for (const child of this.#children.get(`${trace}/${span}`) ?? []) {
        if (seen.has(child.span)) continue
        seen.add(child.span)
        found.push(child)
        open.push(child)
      }
    return found
  }

  /** Something between the agent and the server made a span of its own: then time tells. */
  #during({ trace, sentAtMs, endedAtMs = sentAtMs }: Call): SpanLine | undefined {
    const servers = this.#servers.get(trace) ?? []
    let [low, high] = [0, servers.length]
    while (low < high) {
      const middle = (low + high) >> 1
      if ((servers[middle]?.atMs ?? 0) < sentAtMs - CLOCKS_MS) low = middle + 1
      else high = middle
    }
    for (let n = low; n < servers.length && (servers[n]?.atMs ?? 0) <= endedAtMs; n++) {
      const span = servers[n]
      if (span && span.endedAtMs <= endedAtMs + CLOCKS_MS) return span
    }
    return undefined
  }
}
