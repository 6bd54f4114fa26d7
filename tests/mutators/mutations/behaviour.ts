// What the server did: deadlines, budgets, breakers, who was served and who was not.
import type { HitLine } from '../../../harness/history/raw-line.ts'
import { answered, isServed, isStatus, type Mutation, one, phase, type Recorded, refuse, rewrite, startOf } from '../mutation.ts'
import type { Recording } from '../recording.ts'

const A25 = { 'quota-headers-true': 'fail' } as const
/** Agents had less when Redis was emptied too: then an alert is owed, and the one of before goes on. */
const WANTED = { 'alerts-fire': 'unknown' } as const

const honest = (call: Recorded) => !call.hostile && call.send.role !== 'handshake' && isServed(call)

/** RateLimit of a call says that so many remain. */
function remains(call: Recorded, change: (r: number) => number): void {
  rewrite(call, { rateLimit: (call.end.rateLimit ?? '').replace(/r=(-?\d+)/, (_, r) => `r=${change(Number(r))}`) })
}

/** A hundred of one agent's refusals in a row, let in instead. */
function letIn(run: Recording, calls: readonly Recorded[]): void {
  const { end: model } = one(run, (call) => isServed(call) && call.send.role === 'cheapRead')
  const { status, isError, correct, hash, sizeBytes, rateLimit, rateLimitPolicy } = model
  for (const call of calls)
    rewrite(call, {
      ...{ status, isError, correct, hash, sizeBytes, rateLimit, rateLimitPolicy },
      ...{ retryAfter: undefined, rpcCode: undefined, message: undefined, data: undefined },
    })
}

/** One under stress, by somebody who has six seconds. */
function patient(run: Recording, role: string): Recorded {
  return one(run, (each) => isServed(each) && each.send.role === role && each.phase === 'stress' && each.send.timeoutMs >= 6_000)
}

function hearsNothing(run: Recording): Recorded {
  const call = patient(run, 'expensiveRead')
  run.server?.delete(call.send.call)
  call.end.endedAtMs = call.send.sentAtMs + call.send.timeoutMs
  rewrite(call, { status: 0, transport: 'timeout', rpcId: undefined, isError: undefined, correct: undefined, hash: undefined })
  return call
}

function comesLate(run: Recording): Recorded {
  const call = patient(run, 'cheapRead')
  call.end.endedAtMs = call.send.sentAtMs + 5_900
  return call
}

/** As long as that call is under way. */
function standAtDoor(run: Recording, { send, end }: Recorded, machine: Record<string, number>): void {
  const meanwhile = ({ atMs }: { atMs: number }) => atMs >= startOf(run) + send.sentAtMs && atMs <= startOf(run) + end.endedAtMs
  run.samples = run.samples.filter((line) => line.sampler !== 'machine' || !meanwhile(line))
  for (let atMs = startOf(run) + send.sentAtMs; meanwhile({ atMs }); atMs += 250)
    run.samples.push(
      { kind: 'sample', atMs, sampler: 'accept-queue', instance: '1', values: { acceptQueue: 40 } },
      { kind: 'sample', atMs, sampler: 'machine', values: machine },
    )
}

export const behaviour: Mutation[] = [
  {
    base: 'bad-sql',
    what: "the server's log says that a call took five seconds",
    change(run) {
      const { send } = one(run, isServed)
      run.server?.set(send.call, { instance: '1', durationMs: 5_000 })
    },
    turns: { 'bounded-time': 'fail' },
  },
  {
    base: 'slow-postgres',
    what: 'a patient caller hears nothing for six seconds',
    change: (run) => void hearsNothing(run),
    turns: { 'bounded-time': 'fail' },
  },
  {
    base: 'slow-postgres',
    what: 'a patient caller hears nothing while others stand at the door and the host has the cores',
    change: (run) => standAtDoor(run, hearsNothing(run), { stolenShare: 0.6, waitingShare: 0.9 }),
    turns: { 'bounded-time': 'unknown' },
  },
  {
    base: 'slow-postgres',
    what: 'a patient caller hears nothing while others stand at the door of a server that has its cores',
    change: (run) => standAtDoor(run, hearsNothing(run), { stolenShare: 0, waitingShare: 0.1 }),
    turns: { 'bounded-time': 'fail' },
  },
  {
    base: 'slow-postgres',
    what: 'an answer comes after more than five seconds, of which the log knows nothing',
    change: (run) => void comesLate(run),
    // It is one of those that the lock should not touch.
    turns: { 'bounded-time': 'unknown', 'blast-radius': 'unknown' },
  },
  {
    base: 'slow-postgres',
    what: 'an answer comes after more than five seconds at the door of a server that has its cores',
    change: (run) => standAtDoor(run, comesLate(run), { stolenShare: 0, waitingShare: 0.1 }),
    turns: { 'bounded-time': 'fail', 'blast-radius': 'unknown' },
  },
  {
    base: 'slow-postgres',
    what: 'a call is cancelled that nobody had given up',
    change: (run) =>
      rewrite(
        one(run, (call) => isServed(call) && call.send.role === 'expensiveRead'),
        {
          isError: true,
          message: 'canceling statement due to user request (57014)',
          data: { code: 'TOOL_TIMEOUT' },
          correct: undefined,
        },
      ),
    turns: { 'cancel-propagates': 'fail', 'error-taxonomy': 'fail' },
  },
  {
    base: 'slow-postgres',
    what: 'a call fails because the database is out of connections',
    change(run) {
      const call = one(run, (each) => isServed(each) && each.send.role === 'expensiveRead' && each.phase === 'stress')
      refuse(call)
      rewrite(call, { message: 'sorry, too many clients already' })
    },
    turns: { 'pool-bounded': 'fail', 'error-taxonomy': 'fail' },
  },
  {
    base: 'bad-sql',
    what: 'an answer is five times as large as may be',
    change: (run) => rewrite(one(run, isServed), { sizeBytes: 5 * 262_144 }),
    turns: { 'output-bounded': 'fail' },
  },
  {
    base: 'bad-sql',
    what: 'what remains of a budget is below nothing',
    change: (run) => remains(one(run, isServed), () => -1),
    turns: A25,
  },
  {
    base: 'bad-sql',
    what: 'a budget falls by ten for one call',
    change: (run) => remains(one(run, isServed), (r) => r - 10),
    turns: A25,
  },
  {
    base: 'honest-retry',
    what: 'a refusal reports a budget that has room',
    change: (run) => rewrite(one(run, isStatus(429)), { rateLimit: '"agent";r=7;t=1' }),
    turns: A25,
  },
  {
    base: 'redis-outage',
    what: 'while Redis is away a refusal reports a budget that has room',
    change: (run) =>
      rewrite(
        one(run, (call) => call.hostile && call.end.status === 429 && call.send.sentAtMs > 14_000),
        { rateLimit: '"agent";r=7;t=1' },
      ),
    turns: A25,
  },
  {
    base: 'redis-outage',
    what: 'while Redis is away what remains is below nothing',
    change: (run) =>
      remains(
        one(run, (call) => honest(call) && call.phase === 'stress' && call.end.rateLimit !== undefined),
        () => -1,
      ),
    turns: A25,
  },
  {
    base: 'bad-sql',
    what: 'one tool allows each agent less than it let in',
    change(run) {
      run.manifest.declared.perAgentTool = { expensiveRead: { ratePerMinute: 6, burst: 1 } }
    },
    turns: { 'limiter-true': 'fail' },
  },
  {
    base: 'honest-retry',
    what: 'a refused agent is let in twenty times',
    change(run) {
      const refused = answered(run, isStatus(429), 20)
      const [first] = refused
      letIn(run, refused.filter(({ send }) => send.agent === first?.send.agent).slice(0, 20))
    },
    turns: { 'limiter-true': 'fail' },
  },
  {
    base: 'retry-storm',
    what: 'an agent that opens a session for each call is let in each time',
    change(run) {
      const refused = answered(run, (call) => call.send.role !== 'handshake' && isStatus(429)(call), 20)
      const own = refused.filter(({ send }) => send.agent === refused[0]?.send.agent)
      letIn(run, own)
      for (const call of own) rewrite(call, { rateLimit: undefined, rateLimitPolicy: undefined })
    },
    turns: { 'limiter-true': 'fail' },
  },
  {
    base: 'redis-outage',
    what: 'the runaway is let in two hundred times more, with the headers of one call',
    change: (run) => letIn(run, answered(run, (call) => call.hostile && call.end.status === 429, 200).slice(0, 200)),
    turns: { 'limiter-true': 'fail', ...A25, fairness: 'fail' },
  },
  {
    base: 'redis-outage',
    what: 'once Redis was emptied, the runaway that had its second burst is let in thirty times more',
    change(run) {
      const emptiedAtMs = run.faults.find(({ fault, event }) => fault === 'redis-flushed' && event === 'injected')?.atMs ?? 0
      const since = emptiedAtMs - startOf(run)
      const isRead = ({ send, hostile }: Recorded) => hostile && send.role === 'cheapRead' && send.sentAtMs > since
      letIn(run, answered(run, (call) => isRead(call) && call.end.status === 429, 30).slice(-30))
    },
    turns: { 'limiter-true': 'fail', fairness: 'fail' },
  },
  {
    base: 'redis-outage',
    what: 'a third of what the others ask for under stress is refused',
    change(run) {
      for (const call of answered(run, (each) => honest(each) && each.phase === 'stress', 60).filter((_, n) => n % 3 === 0)) refuse(call)
    },
    // How much of its best step the server keeps is then between its limits.
    turns: { fairness: 'fail', 'goodput-plateau': 'unknown', ...WANTED },
  },
  {
    base: 'redis-outage',
    what: 'two thirds of what the others ask for under stress is refused',
    change(run) {
      for (const call of answered(run, (each) => honest(each) && each.phase === 'stress', 60).filter((_, n) => n % 3 !== 0)) refuse(call)
    },
    // It loses its goodput, but while Redis is away.
    turns: { fairness: 'fail', 'goodput-plateau': 'unknown', ...WANTED },
  },
  {
    base: 'retry-storm',
    what: 'of three times as much as before, one in twenty is not turned away',
    change(run) {
      const asked = answered(run, (each) => honest(each) && each.phase === 'stress', 60)
      for (const call of asked.filter((_, n) => n % 20 !== 0)) refuse(call)
    },
    turns: { 'goodput-plateau': 'fail' },
  },
  {
    base: 'slow-postgres',
    what: 'reads that touch nothing broken fail with the others',
    change(run) {
      const untouched = answered(run, (each) => honest(each) && each.send.role === 'cheapRead' && each.phase === 'stress', 60)
      for (const call of untouched.filter((_, n) => n % 3 === 0)) refuse(call)
    },
    turns: { 'blast-radius': 'fail' },
  },
  {
    base: 'bad-sql',
    what: 'who asks the API behind for what is there is turned away while others ask for what is not; no metric tells why',
    change(run) {
      for (const { values } of run.samples) for (const name of Object.keys(values)) if (name.startsWith('breakerOpen')) delete values[name]
      const behind = (call: Recorded) => call.phase === 'stress' && ['composite', 'external'].includes(call.send.role)
      for (const call of answered(run, behind, 200).slice(20)) refuse(call)
    },
    turns: { 'breaker-not-fooled': 'fail', 'blast-radius': 'fail', fairness: 'fail' },
  },
  {
    base: 'postgres-outage',
    what: 'after the last heal nobody is served any more',
    change(run) {
      const fromMs = Math.max(...run.faults.flatMap(({ event, atMs }) => (event === 'healed' ? [atMs] : []))) - startOf(run)
      for (const call of answered(run, (each) => isServed(each) && each.send.sentAtMs > fromMs, 60)) refuse(call)
    },
    turns: { recovers: 'fail', 'breaker-recovers': 'fail' },
  },
  {
    base: 'bad-sql',
    what: 'sixty new connections in eight seconds',
    change(run) {
      const { fromMs } = phase(run, 'stress')
      for (let n = 0; n < 60; n++)
        run.attempts.push({ kind: 'attempt', atMs: startOf(run) + fromMs + n * 100, link: 'postgres', refused: false })
    },
    turns: { 'connections-stable': 'fail' },
  },
  {
    base: 'postgres-outage',
    what: 'the server goes on knocking at a Postgres that is gone',
    change(run) {
      const { fromMs, toMs } = phase(run, 'stress')
      for (let atMs = fromMs + 50; atMs < toMs; atMs += 40)
        run.attempts.push({ kind: 'attempt', atMs: startOf(run) + atMs, link: 'postgres', refused: true })
    },
    turns: { 'breaker-opens': 'fail' },
  },
  {
    base: 'upstream-outage',
    what: 'after a silence, twenty calls reach the upstream at once',
    change(run) {
      const hits = run.hits.toSorted((a, b) => a.atMs - b.atMs)
      const probe = hits.find(({ atMs, status }, n) => status !== 200 && atMs - (hits[n - 1]?.atMs ?? atMs) > 900)
      if (!probe) throw new Error('no probe after a silence')
      for (let n = 1; n <= 20; n++) run.hits.push({ kind: 'hit', atMs: probe.atMs + n, status: probe.status })
    },
    turns: { 'breaker-recovers': 'fail' },
  },
  {
    base: 'upstream-outage',
    what: 'one call becomes five attempts at the upstream',
    change(run) {
      const hit = run.hits.find(({ call, status }) => call !== undefined && status === 200) as HitLine
      for (let n = 1; n <= 4; n++) run.hits.push({ ...hit, atMs: hit.atMs + n })
    },
    turns: { 'retry-amplification': 'fail' },
  },
  {
    base: 'rolling-restart',
    what: 'a call inside the draining instance is cut',
    change(run) {
      const drain = run.faults.filter(({ fault }) => fault === 'server-drained').map(({ atMs }) => atMs - startOf(run))
      const instance = String(run.plan.faults.find(({ fault }) => fault === 'server-drained')?.parameters.instance ?? '')
      const call = one(run, ({ send, end }) => {
        const inside = send.sentAtMs > Math.min(...drain) && send.sentAtMs < Math.min(...drain) + 1_000
        return inside && run.server?.get(send.call)?.instance === instance && end.status === 200
      })
      rewrite(call, { status: 0, transport: 'cut', rpcId: undefined, isError: undefined, correct: undefined, hash: undefined })
    },
    turns: { 'clean-drain': 'fail' },
  },
  {
    base: 'rolling-restart',
    what: 'the drained instance ends after forty seconds',
    change(run) {
      const told = run.faults.find(({ detail = '' }) => /ended after \d+ ms/.test(detail))
      if (!told) throw new Error('nobody wrote down when it ended')
      told.detail = told.detail?.replace(/ended after \d+ ms/, 'ended after 40000 ms') ?? ''
    },
    turns: { 'clean-drain': 'fail' },
  },
  {
    base: 'rolling-restart',
    what: 'calls are still lost three seconds after the kill',
    change(run) {
      const kill = Math.min(
        ...run.faults.flatMap(({ fault, event, atMs }) => (fault === 'server-killed' && event === 'injected' ? [atMs] : [])),
      )
      const after = kill - startOf(run) + 3_000
      const lost = answered(run, (each) => honest(each) && each.send.sentAtMs > after && each.send.sentAtMs < after + 300).slice(0, 2)
      for (const call of lost)
        rewrite(call, { status: 0, transport: 'reset', rpcId: undefined, isError: undefined, correct: undefined, hash: undefined })
    },
    turns: { 'kill-contained': 'fail' },
  },
  {
    base: 'baseline',
    what: 'a call leaves no trace at all',
    change(run) {
      const { send } = one(run, isServed)
      run.spans = run.spans.filter(({ trace }) => trace !== send.trace)
    },
    turns: {},
  },
  {
    base: 'baseline',
    what: "every tenth call's spans are of another trace",
    change(run) {
      const traces = new Set(answered(run, isServed).flatMap(({ send }, n) => (n % 10 === 0 ? [send.trace] : [])))
      for (const span of run.spans) if (traces.has(span.trace)) span.trace = `${span.trace}-other`
    },
    turns: { 'one-trace': 'fail' },
  },
  {
    base: 'baseline',
    what: 'a planted secret stands in a log',
    change(run) {
      const { send } = one(run, isServed)
      run.leaks.push({ kind: 'leak', where: 'server-1.log:214', secret: 'planted-5f0c', call: send.call })
    },
    turns: { 'nothing-leaks': 'fail' },
  },
  {
    base: 'auth-storm',
    what: 'an expired credential is let in',
    change(run) {
      const { end: model } = one(run, isServed)
      const { status, isError, correct, sizeBytes } = model
      const call = one(run, ({ send }) => send.credential === 'expired')
      rewrite(call, {
        ...{ status, isError, correct, sizeBytes },
        ...{ challenge: undefined, rpcCode: undefined, message: undefined, data: undefined },
      })
    },
    turns: { 'auth-truthful': 'fail' },
  },
  {
    base: 'auth-storm',
    what: 'a right credential is told that it is none',
    change(run) {
      const { end: model } = one(run, ({ send, end }) => send.credential === 'expired' && end.status === 401)
      const { status, challenge, rpcCode, message, data } = model
      const call = one(run, (each) => isServed(each) && each.send.credential === undefined && each.phase === 'stress')
      rewrite(call, { status, challenge, rpcCode, message, data, isError: undefined, correct: undefined, hash: undefined })
    },
    turns: { 'auth-truthful': 'fail' },
  },
  {
    base: 'auth-storm',
    what: 'a refused credential is not told why',
    change: (run) =>
      rewrite(
        one(run, ({ send, end }) => send.credential === 'expired' && end.status === 401),
        { challenge: undefined },
      ),
    turns: { 'auth-truthful': 'fail' },
  },
]
