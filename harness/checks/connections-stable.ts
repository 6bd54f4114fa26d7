// A34: a failing statement does not cost its connection. A pool that throws a connection away with every SQL error opens a
// new one for the next call: a few agents that send bad SQL make a storm of log-ins, each dearer than the statement.
//
// Limit: beyond, new connections in one window of stress beyond the pools' own size (default 0 more than declared.poolMax × instances: a
// pool may fill once) and beyond what the steady phase opened in as long a time (a pool that closes idle connections opens them again).
// A call that was given up may cost two more: Postgres is told to cancel over a connection of its own, and some drivers close the other one.
// Judged only where no fault of the window breaks connections. Connections are counted at the harness's proxy.
// Not modelled: a pool that begins to close idle connections only under stress.
import type { Call } from '../history/event.ts'
import { faultsOf } from '../history/faults.ts'
import { needing } from '../history/gathered.ts'
import type { History } from '../history/history.ts'
import { instancesOf } from '../history/instances.ts'
import { causesOf, phaseOf, phasesOf } from '../history/queries.ts'
import { isDuring, type Stretch } from '../history/stretch.ts'
import { count } from '../parameters.ts'
import { check, type Finding } from './check.ts'
import { indexes, notExercised, some, time, worst } from './finding.ts'

const WITNESSES = 20
/** As many, near enough. ours */
const ALIKE = 0.2
const GIVEN_UP_COSTS = 2

export const connectionsStable = check({
  code: 'A34',
  title: 'Connections outlive the errors of those who use them',
  why: 'Opening a connection costs a database more than most statements. Agents that guess SQL must not be able to buy one with each mistake.',
  remedy: {
    control: 'bulkhead',
    do: 'Check a connection out, run the statement, give it back; destroy it only when the connection itself failed, never for an SQL error.',
    runbook: 'INVALID_ARGUMENTS',
  },
  source: 'crystaldba#98; node-postgres, pool.query destroys its client on any error; the limit is ours',
  sort: 'exact',
  needs: ['declared.poolMax', 'link:postgres'],
  limits: { beyond: count(0, { from: 0, to: 100_000 }) },
  judge(history, { beyond }) {
    const { poolMax = 0 } = history.manifest.declared
    const pools = poolMax * instancesOf(history) + beyond
    const opening = (stretch: Stretch) => history.attempts.filter(({ link, atMs }) => link === 'postgres' && isDuring(stretch, atMs))
    const steady = phaseOf(history, 'steady')
    const perMs = steady ? opening(steady).length / (steady.toMs - steady.fromMs) : 0
    const broken = new Set(
      faultsOf(history).flatMap(({ dependency, window }) => (dependency === 'postgres' || dependency === 'server' ? [window] : [])),
    )
    const windows = phasesOf(history, 'stress').filter(({ window }) => !broken.has(window ?? ''))
    if (windows.length === 0) return notExercised('every window breaks connections')
    const found = windows.map((stress): Finding => {
      const opened = opening(stress)
      const limit = pools + Math.ceil(perMs * (stress.toMs - stress.fromMs)) + GIVEN_UP_COSTS * givenUpIn(history, stress)
      const shown = { measured: opened.length, limit, unit: 'new connections', samples: opened.length }
      const span = time(stress.toMs - stress.fromMs)
      if (opened.length <= limit)
        return { ...shown, status: 'pass', says: `${some(opened.length, 'connection')} opened in ${span}, the pools hold ${pools}` }
      const failed = history.calls.filter((call) => call.outcome !== 'ok' && isDuring(stress, call.sentAtMs))
      return {
        ...shown,
        status: 'fail',
        says: `${some(opened.length, 'connection')} opened in ${span} though none was broken; the pools hold ${pools}${besideFailures(opened.length, failed)}`,
        witnesses: indexes((failed.length > 0 ? failed : causesOf(history.calls, stress.toMs, WITNESSES)).slice(0, WITNESSES)),
      }
    })
    return worst(found)
  },
})

/** By its caller, or by the server for its time; not for an error. */
function givenUpIn(history: History, stretch: Stretch): number {
  const ended = needing(history, 'postgres').filter(({ endedAtMs = stretch.toMs }) => isDuring(stretch, endedAtMs))
  return ended.filter(({ evidence, class: is }) => is === 'timeout' || evidence.transport === 'timeout' || evidence.transport === 'reset')
    .length
}

/** `; meanwhile 123 calls ended as invalid, about one for each connection`: whether it is errors that cost them. */
function besideFailures(opened: number, failed: readonly Call[]): string {
  const [most] = [...Map.groupBy(failed, (call) => call.class)].sort(([, a], [, b]) => b.length - a.length)
  if (!most) return ''
  const [is, { length }] = most
  const alike = Math.abs(opened - length) <= opened * ALIKE
  return `; meanwhile ${some(length, 'call')} ended as ${is}${alike ? ', about one for each connection' : ''}`
}
