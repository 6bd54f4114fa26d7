// A29: a call is one trace from the agent's task through the server to what the server asked. A slow task is explained by the trace that
// has all of it; a server that begins a trace of its own, or loses it on the way to the database, leaves pieces that nobody can join.
//
// A call is whole when its trace holds the server's spans of it (those below the span that the agent sent: of its HTTP and of its MCP layer
// maybe; else one of a server that covers it), below them one of a database where the call's role needs `postgres`, and one of another
// client where it needs `upstream`; and when the upstream stub was asked under the same trace. An answer that was kept asks neither: where
// other calls of the tool have such spans, and none hangs anywhere else, those that have none are whole. Whose requests reached the stub is
// known where the server passes `X-Request-Id` on. Limits: share, of the calls that a tool answered (default 0.99); least, calls that must
// have been looked at (50). Left out: calls around a kill of the server, whose last spans die with it; traces that the collector had no
// room for. Spans of a server that sends none at all are unknown, and so is a pass where half of the calls and more have not one, of no
// tool in particular: it samples, or loses them. Not modelled: Redis, spans inside the tool.
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
/** So many calls of a tool should have a span by what the others have: that none has is no chance. */
const EXPECTED_LEAST = 7
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
    const unsampled = index.unsampled(calls, found)
    const flawed = found.filter(({ call }) => !kept.has(call) && !unsampled.has(call))
    const looked = calls.length - unsampled.size
    const whole = looked - flawed.length
    const [measured, interval] = [whole / looked, wilson(whole, looked)]
    const kinds = [...Map.groupBy(flawed, ({ flaw }) => flaw)].sort((a, b) => b[1].length - a[1].length)
    const says = [
      `${percent(measured)} of ${some(looked, 'call')} are one trace${kept.size > 0 ? `, ${kept.size} without asking the database or the upstream` : ''}`,
      ...kinds.map(([flaw, list]) => `${list.length} ${flaw}`),
      ...(unsampled.size > 0 ? [`of ${unsampled.size} more not one span came: the server samples, or loses them`] : []),
    ].join('; ')
    const witnesses = indexes(kinds.flatMap(([, list]) => list.slice(0, Math.ceil(WITNESSES / kinds.length))).map(({ call }) => call))
    const shown = { measured, interval, limit: limits.share, unit: 'of 1', samples: looked, witnesses }
    if (looked < limits.least) return unknown(`${says}: too few to tell, ${limits.least} would do`, shown)
    if (measured >= limits.share) return unsampled.size > 0 ? unknown(says, shown) : { ...shown, status: 'pass', says }
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

const NO_SERVER = 'without a span of the server in the trace of its task'
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
  const served = index.serverSpansOf(call)
  if (served.length === 0) return NO_SERVER
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

  /** Two layers of a server may each go on from what the agent sent. */
  serverSpansOf(call: Call): readonly SpanLine[] {
    const own = this.#children.get(`${call.trace}/${agentSpanOf(call)}`)
    if (own) return own
    const during = this.#during(call)
    return during ? [during] : []
  }

  asks(call: Call, isSuch: (span: SpanLine) => boolean): boolean {
    return this.below(this.serverSpansOf(call)).some(isSuch)
  }

  /** Calls of whose traces there is not one span: half of all and more, not those of one tool, and the server began no others instead. */
  unsampled(calls: readonly Call[], found: readonly { call: Call; flaw: string }[]): Set<Call> {
    const traces = new Set(this.#spans.map(({ trace }) => trace))
    const absent = new Set(found.flatMap(({ call, flaw }) => (flaw === NO_SERVER && !traces.has(call.trace) ? [call] : [])))
    const present = 1 - absent.size / calls.length
    const sent = new Set(calls.map(({ trace }) => trace))
    const others = this.#spans.filter(({ role, trace }) => role === 'server' && !sent.has(trace)).length
    const tools = [...Map.groupBy(calls, ({ tool }) => tool).values()]
    const ofOneTool = tools.some((own) => own.length * present >= EXPECTED_LEAST && own.every((call) => absent.has(call)))
    return present === 0 || present > 0.5 || others * 2 > absent.size || ofOneTool ? new Set() : absent
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

  below(tops: readonly SpanLine[]): SpanLine[] {
    const found: SpanLine[] = []
    const seen = new Set(tops.map(({ span }) => span))
    const open = [...tops]
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
