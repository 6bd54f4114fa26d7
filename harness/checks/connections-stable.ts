// A34: a failing statement does not cost its connection. A pool that throws a connection away with every SQL error opens a
// new one for the next call: a few agents that send bad SQL make a storm of log-ins, each dearer than the statement.
//
// Limit: beyond, new connections in one window of stress beyond the pools' own size (default 0 more than declared.poolMax × instances: a
// pool may fill once, and once more every 10 s, after which node-postgres closes what is idle, sooner than others by default) and beyond
// what the steady phase opened in as long a time (a pool that closes idle connections opens them again).
// A call that was given up may cost two more: Postgres is told to cancel over a connection of its own, and some drivers close the other one.
// Judged only where no fault of the window breaks connections. Connections are counted at the harness's proxy: a server that is served by
// the database and never came that way, not before the run either, goes past it, and nobody knows.
// Not modelled: a pool that closes idle connections sooner, and that only under stress.
import type { Call } from '../history/event.ts'
import { faultsOf } from '../history/faults.ts'
import { mayNeed, needing } from '../history/gathered.ts'
import { instancesOf } from '../history/instances.ts'
import { causesOf, phaseOf, phasesOf } from '../history/queries.ts'
import { isDuring, type Stretch } from '../history/stretch.ts'
import { count } from '../parameters.ts'
import { check, type Finding } from './check.ts'
import { indexes, notExercised, some, time, unknown, worst } from './finding.ts'
import { givenUpIn } from './given-up.ts'

const WITNESSES = 20
/** As many, near enough. ours */
const ALIKE = 0.2
const GIVEN_UP_COSTS = 2
const IDLE_MS = 10_000

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
    const served = needing(history, 'postgres').find(({ class: is }) => is === 'served')
    if (served && !history.attempts.some(({ link }) => link === 'postgres'))
      return unknown('calls were served and not one connection came through the proxy: the server goes past it', {
        witnesses: indexes([served]),
      })
    const found = windows.map((stress): Finding => {
      const opened = opening(stress)
      const lengthMs = stress.toMs - stress.fromMs
      const limit = pools * Math.ceil(lengthMs / IDLE_MS) + Math.ceil(perMs * lengthMs) + GIVEN_UP_COSTS * givenUpIn(history, stress)
      const shown = { measured: opened.length, limit, unit: 'new connections', samples: opened.length }
      const span = time(lengthMs)
      if (opened.length <= limit)
        return { ...shown, status: 'pass', says: `${some(opened.length, 'connection')} opened in ${span}, the pools hold ${pools}` }
      const failed = mayNeed(history, 'postgres').filter((call) => call.outcome !== 'ok' && isDuring(stress, call.sentAtMs))
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

/** `; meanwhile 123 calls ended as invalid, about one for each connection`: whether it is errors that cost them. */
function besideFailures(opened: number, failed: readonly Call[]): string {
  const [most] = [...Map.groupBy(failed, (call) => call.class)].sort(([, a], [, b]) => b.length - a.length)
  if (!most) return ''
  const [is, { length }] = most
  const alike = Math.abs(opened - length) <= opened * ALIKE
  return `; meanwhile ${some(length, 'call')} ended as ${is}${alike ? ', about one for each connection' : ''}`
}
