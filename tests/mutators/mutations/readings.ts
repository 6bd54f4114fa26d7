// What the samplers read: pools, queues, the event loop, probes, breakers, and what is left when the load is over.
import { type Mutation, phase, sampled, startOf, tell } from '../mutation.ts'
import type { Recording } from '../recording.ts'

const A17 = { 'no-residue': 'fail' } as const

function last(run: Recording, series: string) {
  const endMs = Math.max(...run.samples.map(({ atMs }) => atMs)) - startOf(run)
  return sampled(run, series, endMs - 1_500)
}

/** The reading in the middle of the stress. */
function amid(run: Recording, series: string) {
  const { fromMs, toMs } = phase(run, 'stress')
  const found = sampled(run, series, fromMs, toMs)
  return found.slice(found.length >> 1, (found.length >> 1) + 1)
}

/** Both cores, until the reading in the middle of the stress. */
function holdAmid(run: Recording): void {
  const [{ atMs = 0 } = {}] = amid(run, 'poolWaitingMax')
  run.samples.push({ kind: 'sample', atMs, sampler: 'machine', values: { stillMs: 800, stolenMs: 1_500 } })
}

function heldWith(series: string, value: number): Mutation['change'] {
  return (run) => {
    tell(amid(run, series), series, value)
    holdAmid(run)
  }
}

export const readings: Mutation[] = [
  {
    base: 'slow-postgres',
    what: 'one reading has more connections than the pools may hold',
    change: (run) => tell(amid(run, 'connections'), 'connections', 40),
    turns: { 'pool-bounded': 'fail' },
  },
  {
    base: 'slow-postgres',
    what: 'the connections were not read while Postgres was slow',
    change(run) {
      const { fromMs, toMs } = phase(run, 'stress')
      const gone = sampled(run, 'connections', fromMs, toMs)
      run.samples = run.samples.filter((line) => !gone.includes(line))
    },
    turns: { 'pool-bounded': 'unknown' },
  },
  {
    base: 'slow-postgres',
    what: 'the readings name a role that nobody logs in as',
    change: (run) => tell(sampled(run, 'connections'), 'connections', 0),
    turns: { 'pool-bounded': 'unknown' },
  },
  {
    base: 'slow-postgres',
    what: 'more callers waited than the queue may hold',
    change: (run) => tell(amid(run, 'poolWaitingMax'), 'poolWaitingMax', 60),
    turns: { 'queue-bounded': 'fail' },
  },
  {
    base: 'slow-postgres',
    what: 'a caller waited for four seconds',
    change: (run) => tell(amid(run, 'poolWaitSecondsMax'), 'poolWaitSecondsMax', 4),
    turns: { 'queue-bounded': 'fail' },
  },
  {
    base: 'slow-postgres',
    what: 'a caller waited for a second, most of which the host took',
    change: heldWith('poolWaitSecondsMax', 1),
    turns: { 'queue-bounded': 'unknown' },
  },
  {
    base: 'slow-postgres',
    what: 'a caller waited for four seconds, of which the host took one',
    change: heldWith('poolWaitSecondsMax', 4),
    turns: { 'queue-bounded': 'fail' },
  },
  {
    base: 'slow-postgres',
    what: 'more callers waited than the queue may hold, while the host had the cores',
    change: heldWith('poolWaitingMax', 60),
    turns: { 'queue-bounded': 'fail' },
  },
  {
    base: 'slow-postgres',
    what: 'the host had the cores for most of a second',
    change: holdAmid,
    turns: {},
  },
  {
    base: 'abandoned-queries',
    what: 'a backend is left idle in its transaction',
    change: (run) => tell(last(run, 'idleInTransaction'), 'idleInTransaction', 1),
    turns: A17,
  },
  {
    base: 'abandoned-queries',
    what: 'a backend was idle in its transaction for one reading in the middle',
    change: (run) => tell(amid(run, 'idleInTransaction'), 'idleInTransaction', 1),
    turns: {},
  },
  {
    base: 'abandoned-queries',
    what: 'a lock is waited for when all is over',
    change: (run) => tell(last(run, 'lockWaiting'), 'lockWaiting', 1),
    turns: A17,
  },
  {
    base: 'abandoned-queries',
    what: 'a slot is never given back',
    change: (run) => tell(last(run, 'leases'), 'leases', 1),
    turns: A17,
  },
  {
    base: 'abandoned-queries',
    what: 'a call is in flight for ever',
    change: (run) => tell(last(run, 'inFlight'), 'inFlight', 1),
    turns: A17,
  },
  {
    base: 'abandoned-queries',
    what: 'a hundred sockets stay open',
    change(run) {
      for (const { values } of last(run, 'handles')) values.handles = (values.handles ?? 0) + 100
    },
    turns: A17,
  },
  {
    base: 'abandoned-queries',
    what: 'the server tells nothing more once the load is over',
    change(run) {
      const gone = new Set(last(run, 'inFlight'))
      run.samples = run.samples.filter((line) => !gone.has(line))
    },
    turns: { 'no-residue': 'unknown' },
  },
  {
    base: 'abandoned-queries',
    what: 'forty statements run for nobody for three seconds',
    change(run) {
      const { fromMs } = phase(run, 'stress')
      tell(sampled(run, 'activeOverSecond', fromMs + 2_000, fromMs + 5_000), 'activeOverSecond', 40)
    },
    turns: { 'cancel-propagates': 'fail' },
  },
  {
    base: 'bad-sql',
    what: 'the event loop is late by 300 ms throughout the stress',
    change(run) {
      const { fromMs, toMs } = phase(run, 'stress')
      tell(sampled(run, 'loopDelaySecondsP99', fromMs, toMs), 'loopDelaySecondsP99', 0.3)
    },
    turns: { 'loop-healthy': 'fail' },
  },
  {
    base: 'bad-sql',
    what: 'the event loop is late by 300 ms all the time, which may be the machine: nobody watched it',
    change(run) {
      tell(sampled(run, 'loopDelaySecondsP99'), 'loopDelaySecondsP99', 0.3)
      run.samples = run.samples.filter(({ sampler }) => sampler !== 'machine')
    },
    turns: { 'loop-healthy': 'unknown' },
  },
  {
    base: 'bad-sql',
    what: 'the event loop is late by 300 ms all the time, on a machine that keeps its cores',
    change: (run) => tell(sampled(run, 'loopDelaySecondsP99'), 'loopDelaySecondsP99', 0.3),
    turns: { 'loop-healthy': 'fail' },
  },
  {
    base: 'bad-sql',
    what: 'the event loop is late once',
    change: (run) => tell(amid(run, 'loopDelaySecondsP99'), 'loopDelaySecondsP99', 0.3),
    turns: {},
  },
  {
    base: 'slow-postgres',
    what: 'liveness fails while Postgres is slow',
    change: (run) => tell(amid(run, 'liveStatus'), 'liveStatus', 503),
    turns: { 'live-not-ready': 'fail' },
  },
  {
    base: 'slow-postgres',
    what: 'readiness falls while Postgres is slow',
    change: (run) => tell(amid(run, 'readyStatus'), 'readyStatus', 503),
    turns: { 'live-not-ready': 'fail' },
  },
  {
    base: 'slow-postgres',
    what: 'liveness is silent three times in a row',
    change(run) {
      tell(sampled(run, 'liveStatus').slice(10, 13), 'liveStatus', 0)
    },
    turns: { 'live-not-ready': 'fail' },
  },
  {
    base: 'slow-postgres',
    what: 'liveness is silent once',
    change: (run) => tell(sampled(run, 'liveStatus').slice(10, 11), 'liveStatus', 0),
    turns: {},
  },
  {
    base: 'auth-storm',
    what: 'the identity provider is asked for its keys twenty times a second more, as long as keys are made up',
    change(run) {
      const { fromMs, toMs } = phase(run, 'stress')
      for (const { atMs, values } of sampled(run, 'keySetRequests')) {
        const sinceMs = Math.min(atMs - startOf(run), toMs) - fromMs
        values.keySetRequests = (values.keySetRequests ?? 0) + Math.max(0, Math.round(sinceMs / 50))
      }
    },
    turns: { 'retry-amplification': 'fail' },
  },
  {
    base: 'auth-storm',
    what: 'the identity provider is away, and tried thirty times a second all the same',
    change(run) {
      const { fromMs, toMs } = phase(run, 'stress')
      const attempt = { kind: 'attempt', link: 'identity-provider', refused: true } as const
      for (let atMs = fromMs + 200; atMs < toMs; atMs += 33) run.attempts.push({ ...attempt, atMs: startOf(run) + atMs })
    },
    turns: { 'retry-amplification': 'fail' },
  },
  {
    base: 'auth-storm',
    what: 'every other reading of how often keys were asked for is missing',
    change(run) {
      const gone = new Set(sampled(run, 'keySetRequests').filter((_, n) => n % 2 === 1))
      run.samples = run.samples.filter((line) => !gone.has(line))
    },
    turns: {},
  },
  {
    base: 'bad-sql',
    what: 'a breaker is open though nothing is broken',
    change: (run) => tell(sampled(run, 'breakerOpen').slice(20, 21), 'breakerOpen', 1),
    turns: { 'breaker-not-fooled': 'fail' },
  },
]
