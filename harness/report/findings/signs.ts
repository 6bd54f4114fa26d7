// What else the recording says, in sentences: clues that stand in no single check, since each looks at one promise. They point one who
// does not know the server to the part that misbehaves: whose refusals they were, when a breaker was open, what held a full pool.
// Every sentence is counted from the history; none guesses a cause by the name of a target.
// Parameter: none. Not modelled: clues in what the target does not show.
import type { Call } from '../../history/event.ts'
import { faultsOf } from '../../history/faults.ts'
import type { History } from '../../history/history.ts'
import { quantile } from '../../history/quantiles.ts'
import { type Point, points } from '../../history/samples.ts'
import type { Stretch } from '../../history/stretch.ts'
import { toldWaitMs } from '../../history/wait.ts'
import { count, duration, number, percent } from '../figures.ts'
import { callsIn, isMeasured, type Kind, kindsOf, tookIn } from '../kinds.ts'
import { short } from '../plain.ts'

const MESSAGES_MAX = 3
/** A connection that is in use for so long for one served call does more than a statement, ours. */
const LONG_HELD_MS = 250
const LEAST_READINGS = 4
/** Calls that a dependency must have failed before a breaker is looked for. */
const FEW_FAILED = 5

export function signsOf(history: History): string[] {
  return [
    ...refusals(history),
    ...states(history),
    ...heldPools(history),
    ...tenants(history),
    ...instances(history),
    ...leftovers(history),
    ...messages(history),
  ]
}

/** What refusals said and what they cost, by the budget that they name. */
function refusals({ calls, manifest }: History): string[] {
  const turned = kindsOf(calls).filter(({ alike }) => ['refused', 'shed', 'queue', 'dependency', 'draining'].includes(alike.class))
  const groups = Map.groupBy(
    turned,
    ({ alike }) => `${alike.evidence.status} ${alike.class}${alike.budget === undefined ? '' : ` (${short(alike.budget, 24)})`}`,
  )
  const usual = median(kindsOf(calls).filter(({ alike }) => alike.class === 'served'))
  return [...groups]
    .sort(([, a], [, b]) => callsIn(b) - callsIn(a))
    .slice(0, 4)
    .map(([name, kinds]) => {
      const group = kinds.flatMap(({ calls }) => calls)
      const waits = group.flatMap((call) => toldWaitMs(call.evidence, (manifest.t0Ms ?? 0) + (call.endedAtMs ?? 0)) ?? [])
      const silent = group.length - waits.length
      const range = waits.length === 0 ? '' : `told to wait ${spread(waits)}`
      const mute = silent > 0 ? `${silent === group.length ? 'none' : `${number(silent)} of them not`} told when to come back` : ''
      const cost = `took ${median(kinds)} (served calls ${usual})`
      return `${count(group.length, `call`)} ended as ${name}: ${[range, mute, cost].filter(Boolean).join('; ')}.`
    })
}

/** Of how long they took. */
function median(kinds: readonly Kind[]): string {
  return duration(round(quantile(tookIn(kinds), 0.5)))
}

function ofClass(calls: readonly Call[], is: Call['class']): Call[] {
  return kindsOf(calls).flatMap(({ alike, calls }) => (alike.class === is ? calls : []))
}

function round(ms: number): number {
  return ms < 10 ? Math.round(ms * 10) / 10 : Math.round(ms)
}

function spread(values: readonly number[]): string {
  const sorted = new Float64Array(values).sort()
  const [least, middle, most] = [0, 0.5, 1].map((p) => duration(round(quantile(sorted, p))))
  return least === most ? `${least}, every time the same` : `${least} to ${most}, median ${middle}`
}

/** When each breaker was open, and the limiter on its own; a breaker that stayed shut while calls failed at its dependency is told too. */
function states(history: History): string[] {
  const local = points(history, 'limiterLocal')
  const series = Map.groupBy([...points(history, 'breakerOpen'), ...local], ({ series: name }) => name)
  const down = ofClass(history.calls, 'dependency')
  const harmed = faultsOf(history).filter(
    ({ fromMs, toMs }) => down.filter((call) => call.sentAtMs >= fromMs && call.sentAtMs <= toMs).length >= FEW_FAILED,
  )
  return [...series].flatMap(([name, readings]) => {
    const open = spans(readings)
    const label = short(name, 60)
    if (open.length > 0) return [`${label} read 1 ${open.map(spanText(history)).join(', ')}${afterHeal(history, name, open)}.`]
    const fault = harmed.find(({ dependency }) => dependency !== undefined && name.includes(`"${dependency}"`))
    return fault
      ? [`${label} was never open, though ${fault.fault} was in force from ${seconds(fault.fromMs)} to ${seconds(fault.toMs)}.`]
      : []
  })
}

/** `, though postgres-refused was healed at 18.1 s`: a breaker that does not see that its dependency is back. */
function afterHeal(history: History, name: string, open: readonly Stretch[]): string {
  const last = open.at(-1)
  const healed = faultsOf(history).findLast(
    ({ dependency, healed: line }) => line && dependency !== undefined && name.includes(`"${dependency}"`),
  )
  if (!last || !healed || last.toMs < history.plan.endsAtMs - 1_000 || last.fromMs > healed.overMs) return ''
  return `, though ${healed.fault} was healed at ${seconds(healed.overMs)}`
}

/** Stretches of readings that are not 0; at most 4. */
function spans(readings: readonly Point[]): Stretch[] {
  const found: Stretch[] = []
  let open: Stretch | undefined
  for (const { atMs, value } of readings) {
    if (value <= 0) open = undefined
    else if (open) open.toMs = atMs
    else {
      open = { fromMs: atMs, toMs: atMs }
      found.push(open)
    }
  }
  return found.slice(0, 4)
}

function spanText({ plan }: History) {
  return ({ fromMs, toMs }: Stretch) => `from ${seconds(fromMs)} to ${toMs >= plan.endsAtMs - 1_000 ? 'the end of the run' : seconds(toMs)}`
}

function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(1)} s`
}

/**
 * A pool that was wholly in use for long, while the database had little to do and few were served: its holders waited for something
 * else. Not told of moments in which the database itself was broken.
 */
function heldPools(history: History): string[] {
  const harmed = faultsOf(history).filter(({ dependency }) => dependency === 'postgres')
  const sound = (atMs: number) => harmed.every(({ fromMs, overMs }) => atMs < fromMs || atMs > overMs)
  const database = history.samples.filter(({ sampler, values }) => sampler === 'postgres' && values.active !== undefined)
  const pools = Map.groupBy(points(history, 'poolUsed'), ({ series }) => series)
  return [...pools].flatMap(([name, readings]) => {
    const most = readings.reduce((highest, { value }) => Math.max(highest, value), 0)
    const gapMs = ((readings.at(-1)?.atMs ?? 0) - (readings[0]?.atMs ?? 0)) / Math.max(1, readings.length - 1)
    const slot = (atMs: number) => Math.floor(atMs / gapMs)
    const full = new Set(readings.filter(({ value, atMs }) => value === most && sound(atMs)).map(({ atMs }) => slot(atMs)))
    const beside = database.filter(({ atMs }) => full.has(slot(atMs)))
    if (most < 2 || full.size < LEAST_READINGS || beside.length === 0) return []
    const mean = (field: string) => beside.reduce((total, { values }) => total + (values[field] ?? 0), 0) / beside.length
    const [active, open] = [mean('active'), mean('idleInTransaction')]
    const served = ofClass(history.calls, 'served').filter(({ endedAtMs }) => endedAtMs !== undefined && full.has(slot(endedAtMs))).length
    const heldMs = (full.size * gapMs * most) / Math.max(1, served)
    if (active > most / 4 || heldMs < LONG_HELD_MS) return []
    const idle = open >= 0.5 ? `, ${number(Math.round(open * 10) / 10)} sat idle in a transaction` : ''
    return [
      `${short(name, 60)}: all ${number(most)} connections were in use for ${seconds(full.size * gapMs)}, in which ${count(served, 'call')} got through; meanwhile Postgres worked for ${number(Math.round(active * 10) / 10)} of them on average${idle}: whoever held the connections waited for something else than the database.`,
    ]
  })
}

/** Good answers by tenant under stress, where they differ. */
function tenants({ calls }: History): string[] {
  const stress = kindsOf(calls).filter(({ alike }) => alike.phase === 'stress' && isMeasured(alike))
  const groups = [...Map.groupBy(stress, ({ alike }) => alike.tenant)].map(([tenant, all]) => {
    const refused = Map.groupBy(
      all.filter(({ alike }) => alike.class === 'refused'),
      ({ alike }) => alike.budget ?? 'no budget named',
    )
    return { tenant, share: callsIn(all.filter(({ alike }) => alike.good)) / callsIn(all), refused }
  })
  const shares = groups.map(({ share }) => share)
  if (groups.length < 2 || Math.max(...shares) - Math.min(...shares) < 0.1) return []
  const each = groups.slice(0, 4).map(({ tenant, share, refused }) => {
    const by = [...refused].map(([budget, all]) => `${number(callsIn(all))} refused by ${short(budget, 24)}`).join(', ')
    return `${short(tenant, 24)} ${percent(share)} good${by ? ` (${by})` : ''}`
  })
  return [`Measured agents under stress by tenant: ${each.join('; ')}.`]
}

function instances({ calls }: History): string[] {
  const served = Map.groupBy(
    kindsOf(calls).filter(({ alike: { class: is, evidence } }) => is === 'served' && evidence.instance !== undefined),
    ({ alike }) => alike.evidence.instance ?? '',
  )
  if (served.size < 2) return []
  return [
    `Calls served, by instance: ${[...served]
      .slice(0, 6)
      .map(([name, all]) => `${short(name, 24)} ${number(callsIn(all))}`)
      .join(', ')}.`,
  ]
}

/** What should be back at nothing once the load is over. */
function leftovers(history: History): string[] {
  const names = ['leases', 'inFlight', 'poolWaiting', 'limiterLocal']
  return names.flatMap((name) => {
    const last = new Map(points(history, name).map((point) => [point.series, point]))
    return [...last.values()]
      .filter(({ value, atMs }) => value > 0 && atMs > history.plan.endsAtMs)
      .map(({ series, value }) => `${short(series, 60)} still read ${number(value)} after the last call.`)
  })
}

/** The commonest words of calls that were not ok; numbers and ids in them are not told apart. */
function messages({ calls }: History): string[] {
  const texts = new Map<string, number>()
  for (const { outcome, evidence } of calls) {
    if (outcome === 'ok') continue
    const text = evidence.message ?? evidence.transportText
    if (text !== undefined) texts.set(text, (texts.get(text) ?? 0) + 1)
  }
  const kinds = Map.groupBy(texts, ([text]) => text.slice(0, 300).replace(/\d+(\.\d+)?/g, '…'))
  return [...kinds.values()]
    .map((alike) => ({ text: alike[0]?.[0], times: alike.reduce((sum, [, times]) => sum + times, 0) }))
    .sort((a, b) => b.times - a.times)
    .slice(0, MESSAGES_MAX)
    .map(({ text, times }) => `${count(times, 'call')} ended with the words “${short(text, 160)}”.`)
}
