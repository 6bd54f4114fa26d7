// The questions that checks ask of a history. A *planned call* is a first attempt with all its retries: what an agent
// wanted, however often it had to ask. Rates are good ÷ planned in the same window, never counts, since arrivals vary.
import type { Phase } from '../plan/plan.ts'
import type { Tally } from './bootstrap.ts'
import type { Call } from './event.ts'
import type { History } from './history.ts'
import { once } from './once.ts'
import { positionOf } from './sorted.ts'
import type { Stretch } from './stretch.ts'

export interface Intent {
  first: Call
  /** In the order in which they were sent. */
  retries: Call[]
  /** Some attempt was good. */
  good: boolean
  /** It reaches over the edge of a phase: left out of ratios. */
  straddles: boolean
}

/** Who is measured: agents that are not the stress themselves; handshakes are no intents. */
export function measured(call: Call): boolean {
  return !call.hostile && call.role !== 'handshake'
}

/** Calls that were asked again, by their ids. */
export const askedAgain = once((calls: readonly Call[]): ReadonlyMap<string, Call> => {
  const parents = new Set<string>()
  for (const { parent } of calls) if (parent !== undefined) parents.add(parent)
  const found = new Map<string, Call>()
  for (const call of calls) if (parents.has(call.call)) found.set(call.call, call)
  return found
})

const ofMeasured = once((calls: readonly Call[]): readonly Intent[] => intentsOf(calls, measured))

/** Planned calls by the moment their first attempt was sent. */
export function intents(calls: readonly Call[], who: (call: Call) => boolean = measured): readonly Intent[] {
  return who === measured ? ofMeasured(calls) : intentsOf(calls, who)
}

/** Those of the agents that are the stress as well. */
export const everyIntent = once((calls: readonly Call[]): readonly Intent[] => {
  const stressing = intentsOf(calls, ({ hostile, role }) => hostile && role !== 'handshake')
  return stressing.length === 0 ? intents(calls) : [...intents(calls), ...stressing].sort((a, b) => a.first.index - b.first.index)
})

/** Most are asked once, and share this. */
const NONE: Call[] = []

function intentsOf(calls: readonly Call[], who: (call: Call) => boolean): Intent[] {
  // Only what was asked again is looked for later.
  const parents = askedAgain(calls)
  const roots = new Map<string, Intent>()
  const found: Intent[] = []
  for (const call of calls) {
    if (!who(call)) continue
    const root = call.parent === undefined ? undefined : roots.get(call.parent)
    const intent = root ?? { first: call, retries: NONE, good: false, straddles: false }
    if (!root) found.push(intent)
    else if (root.retries === NONE) root.retries = [call]
    else root.retries.push(call)
    // Once an attempt was good, what a later one does is no matter of the agent's success.
    if (!intent.good) intent.straddles ||= call.straddles || call.phase !== intent.first.phase || call.window !== intent.first.window
    intent.good ||= call.good
    if (parents.has(call.call)) roots.set(call.call, intent)
  }
  return found
}

export function phaseOf(history: History, name: Phase['name']): Phase | undefined {
  return history.plan.phases.find((phase) => phase.name === name)
}

export function phasesOf(history: History, name: Phase['name']): Phase[] {
  return history.plan.phases.filter((phase) => phase.name === name)
}

export interface Window extends Tally {
  fromMs: number
  toMs: number
  intents: Intent[]
}

/** Those of a stretch. `all` in the order of time, as intents come: only these are looked at. */
export function sentIn(all: readonly Intent[], { fromMs, toMs }: Stretch): readonly Intent[] {
  const sentAtMs = ({ first }: Intent) => first.sentAtMs
  return all.slice(positionOf(all, sentAtMs, fromMs), positionOf(all, sentAtMs, toMs))
}

/** Whole windows of a stretch, 1 s each without `lengthMs`; a rest at the end that is no whole window is left out. */
export function windowsOf(all: readonly Intent[], span: Stretch, lengthMs = 1_000): Window[] {
  const length = Math.max(0, Math.floor((span.toMs - span.fromMs) / lengthMs + 1e-9))
  const windows = Array.from({ length }, (_, i): Window => {
    const fromMs = span.fromMs + i * lengthMs
    return { fromMs, toMs: fromMs + lengthMs, good: 0, planned: 0, intents: [] }
  })
  for (const intent of sentIn(all, span)) {
    if (intent.straddles) continue
    const window = windows[Math.floor((intent.first.sentAtMs - span.fromMs) / lengthMs)]
    if (!window) continue
    window.planned++
    window.intents.push(intent)
    if (intent.good) window.good++
  }
  return windows
}

/** Good ÷ planned over a stretch; `share` is NaN when nothing was planned. */
export function goodIn(all: readonly Intent[], span: Stretch): Tally & { share: number } {
  const whole = { good: 0, planned: 0 }
  for (const { good, straddles } of sentIn(all, span)) {
    if (straddles) continue
    whole.planned++
    if (good) whole.good++
  }
  return { ...whole, share: whole.good / whole.planned }
}

/** Does a call of this role need the dependency? `postgres:orders` needs `postgres`; everything needs `server`, and its tokens' issuer. */
export function needs(history: History, role: Call['role'], dependency: string): boolean {
  if (dependency === 'server' || (dependency === 'identity-provider' && history.plan.settings.identityProvider === 1)) return true
  const wanted = role === 'handshake' ? [] : (history.plan.roles[role]?.needs ?? [])
  // Without making a string of it: asked of every call.
  return wanted.some((need) => need.startsWith(dependency) && (need.length === dependency.length || need[dependency.length] === ':'))
}

/** Was the call in flight at some moment of the stretch? Unanswered ones stay in flight to the end. */
export function overlaps(call: Call, span: Stretch): boolean {
  return call.sentAtMs <= span.toMs && (call.endedAtMs ?? Number.POSITIVE_INFINITY) >= span.fromMs
}

/** Who caused what a sample shows: calls in flight at its moment, else the last that were sent before it. */
export function causesOf(calls: readonly Call[], atMs: number, most: number): Call[] {
  const then = calls.filter((call) => overlaps(call, { fromMs: atMs, toMs: atMs }))
  return then.length > 0 ? then.slice(0, most) : calls.filter(({ sentAtMs }) => sentAtMs <= atMs).slice(-most)
}

/**
 * To a server on another machine and back, at most, ms: the soonest answer that anybody got. What callers see has it on top of what the
 * server took.
 */
export function wayMs(history: History): number {
  const { calls } = history
  if (isHere(history)) return 0
  let soonestMs = Number.POSITIVE_INFINITY
  for (const { sentAtMs, endedAtMs, evidence, class: is } of calls)
    if (endedAtMs !== undefined && evidence.transport === undefined && is !== 'lost') soonestMs = Math.min(soonestMs, endedAtMs - sentAtMs)
  return Number.isFinite(soonestMs) ? soonestMs : 0
}

/** Does the server run on the machine of the harness? */
export function isHere({ manifest }: History): boolean {
  // Of a run that was stopped before its server was up nobody knows.
  return HERE.test(URL.parse(manifest.url)?.hostname ?? '')
}

const HERE = /^(localhost|127\.[\d.]+|\[::1\])$/

/** Calls that the agents say they sent, by their own count; undefined when one of them did not come to say it. */
export function callsByGenerator({ agents }: History): number | undefined {
  return agents.every(({ stopped }) => stopped) ? agents.reduce((sum, { callsSent }) => sum + callsSent, 0) : undefined
}

/** ms: by the server's own word where it has one, else as the caller saw it; of a call without an end 0. */
export function timeInside({ server, sentAtMs, endedAtMs = sentAtMs }: Call): number {
  return server?.durationMs ?? endedAtMs - sentAtMs
}

/** A call that was turned away, or never came, before the dependency would have been asked: it says nothing of a breaker. */
export function refusedBefore({ class: is }: Call): boolean {
  return is === 'refused' || is === 'denied' || is === 'invalid' || is === 'unreachable'
}

/** Attempts at a dependency: requests at the upstream stub, else connections at the proxy. Whose they were, only where it is told. */
export function attemptsAt({ hits, attempts }: History, dependency: string): readonly { atMs: number; call?: string; refused?: boolean }[] {
  return dependency === 'upstream' && hits.length > 0 ? hits : attempts.filter(({ link }) => link === dependency)
}

/** How long a breaker stays open, as the target declares it; else the reference server's default of that scale. */
export function breakerOpenMs({ manifest, plan }: History): number {
  return manifest.declared.breakerOpenMs ?? (plan.scale === 'quick' ? 2_000 : 5_000)
}
