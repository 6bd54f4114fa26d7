// What a mutation is: one change to a recorded run of the hardened server, and the checks that must notice it. Those and no others: a
// check that turns without being named is a false alarm, one that is named and does not turn is blind.
import type { Status } from '../../harness/checks/check.ts'
import type { EndLine, Evidence, LoadLine, SendLine } from '../../harness/history/load-line.ts'
import type { FaultLine, SampleLine } from '../../harness/history/raw-line.ts'
import type { PhaseName } from '../../harness/plan/plan.ts'
import type { Recording } from './recording.ts'

/** A gate that shuts takes every pass that rests on it along, and is named alone. */
export interface Mutation {
  base: string
  what: string
  change(run: Recording): void
  /** Statuses after the change, by check. */
  turns: Record<string, Status> | 'every pass to unknown'
}

/** One call of a recording, with where it lies in the plan. */
export interface Recorded {
  send: SendLine
  end: EndLine
  phase: PhaseName
  hostile: boolean
}

/** Answered calls in the order in which they were sent. @throws when there are fewer than `least`: the change would be none */
export function answered(run: Recording, which: (call: Recorded) => boolean, least = 1): Recorded[] {
  const ends = new Map(run.load.flatMap((line) => (line.kind === 'end' ? [[line.call, line] as const] : [])))
  const hostile = new Set(run.plan.agents.flatMap((agent) => (agent.hostile ? [agent.agent] : [])))
  const sends = run.load.filter((line) => line.kind === 'send').sort((a, b) => a.sentAtMs - b.sentAtMs)
  const found = sends.flatMap((send): Recorded[] => {
    const end = ends.get(send.call)
    if (!end) return []
    const phase = run.plan.phases.find(({ toMs }) => send.sentAtMs < toMs)?.name ?? 'recovery'
    const call = { send, end, phase, hostile: hostile.has(send.agent) }
    return which(call) ? [call] : []
  })
  if (found.length < least) throw new Error(`the recording has ${found.length} such calls, the mutation needs ${least}`)
  return found
}

/** The one in the middle: neither first nor last of its phase. */
export function one(run: Recording, which: (call: Recorded) => boolean): Recorded {
  const found = answered(run, which)
  return found[Math.floor(found.length / 2)] as Recorded
}

export const isServed = ({ end }: Recorded) => end.status === 200 && end.isError === false && end.transport === undefined
export const isStatus =
  (status: number) =>
  ({ end }: Recorded) =>
    end.status === status

/** Other evidence for the same call; `undefined` takes a field away. */
export function rewrite({ end }: Recorded, changes: { [K in keyof Evidence]?: Evidence[K] | undefined }): void {
  for (const [field, value] of Object.entries(changes)) {
    if (value === undefined) delete end[field as keyof Evidence]
    else Object.assign(end, { [field]: value })
  }
}

/** As the reference server tells of a dependency that is away. */
export function refuse(call: Recorded): void {
  rewrite(call, {
    status: 503,
    retryAfter: '2',
    rpcCode: 50_302,
    message: 'Postgres does not answer; try again in 1.6 seconds.',
    data: { code: 'DEPENDENCY_UNAVAILABLE', retryable: true, retryAfterMs: 1_600 },
    isError: undefined,
    hash: undefined,
    correct: undefined,
    sizeBytes: 200,
  })
}

/** Samples of one source within a stretch, ms since the run's start. @throws without any */
export function sampled(run: Recording, series: string, fromMs = Number.NEGATIVE_INFINITY, toMs = Number.POSITIVE_INFINITY): SampleLine[] {
  const t0Ms = startOf(run)
  const names = (line: SampleLine) => Object.keys(line.values).some((name) => name === series || name.startsWith(`${series}{`))
  const found = run.samples.filter((line) => line.atMs - t0Ms >= fromMs && line.atMs - t0Ms < toMs && names(line))
  if (found.length === 0) throw new Error(`the recording has no ${series} from ${fromMs} to ${toMs} ms`)
  return found
}

/** All series of that name in these readings say so. */
export function tell(lines: readonly SampleLine[], series: string, value: number): void {
  for (const { values } of lines)
    for (const name of Object.keys(values)) if (name === series || name.startsWith(`${series}{`)) values[name] = value
}

export function phase(run: Recording, name: PhaseName): { fromMs: number; toMs: number } {
  const found = run.plan.phases.find((one) => one.name === name)
  if (!found) throw new Error(`the recording has no ${name} phase`)
  return found
}

/** Wall-clock ms of the run's start. */
export function startOf(run: Recording): number {
  return run.load.find((line) => line.kind === 'start')?.atMs ?? 0
}

export function without<L extends LoadLine | FaultLine>(lines: L[], gone: (line: L) => boolean): void {
  const kept = lines.filter((line) => !gone(line))
  if (kept.length === lines.length) throw new Error('nothing was taken away')
  lines.splice(0, lines.length, ...kept)
}
