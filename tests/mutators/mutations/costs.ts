// What calls cost and leave, whose rows they show, who goes first, and who is woken. Few recordings show these: where
// a change needs something that its base did not show (priorities, growth, alert rules), it is made visible with it.
import { answered, isServed, isStatus, type Mutation, one, phase, type Recorded, refuse, rewrite, sampled, startOf } from '../mutation.ts'
import type { Recording } from '../recording.ts'

const calls = ({ send }: Recorded) => send.role !== 'handshake'

/** What the server's rules made of the run. */
function alerted(run: Recording, fired: { fromMs: number; toMs: number }[]): void {
  const alerts = fired.map((span) => ({ alert: 'ErrorBudgetBurn', labels: {}, ...span }))
  run.manifest.alerts = { stretch: 75, rules: ['ErrorBudgetBurn'], readings: 80, fired: alerts }
}

export const costs: Mutation[] = [
  {
    base: 'honest-retry',
    what: 'a refusal takes the server 200 ms',
    change(run) {
      for (const { send } of answered(run, isStatus(429), 100)) run.server?.set(send.call, { instance: '1', durationMs: 200 })
    },
    turns: { 'cheap-refusal': 'fail' },
  },
  {
    base: 'postgres-outage',
    what: 'the log grows by 2 MB a second in the outage',
    change(run) {
      const { fromMs, toMs } = phase(run, 'stress')
      for (const { atMs, values } of sampled(run, 'logBytes', fromMs))
        values.logBytes = (values.logBytes ?? 0) + 2_000 * (Math.min(atMs - startOf(run), toMs) - fromMs)
    },
    turns: { 'cost-budget': 'fail' },
  },
  {
    base: 'honest-retry',
    what: 'a socket stays open for every call, and growth is looked at',
    change(run) {
      run.manifest.offers.growth = true
      const ends = run.load.flatMap((line) => (line.kind === 'end' ? [line.endedAtMs] : []))
      for (const { atMs, values } of sampled(run, 'handles'))
        values.handles = (values.handles ?? 0) + ends.filter((endedAtMs) => endedAtMs < atMs - startOf(run)).length
    },
    turns: { 'steady-over-time': 'fail' },
  },
  {
    base: 'auth-storm',
    what: 'an answer has a row of another tenant',
    change: (run) =>
      rewrite(
        one(run, ({ end }) => end.tenants !== undefined),
        { tenants: ['t0', 't1'] },
      ),
    turns: { 'tenants-isolated': 'fail' },
  },
  {
    base: 'postgres-outage',
    what: 'a critical agent is turned away while a batch job is let in',
    change(run) {
      const late = answered(run, (call) => isServed(call) && calls(call) && call.phase === 'recovery', 2)
      const pair = late.flatMap((call, n) => {
        const next = late[n + 1]
        return next && next.send.agent !== call.send.agent && next.end.endedAtMs - call.send.sentAtMs < 80 ? [[call, next] as const] : []
      })
      const [critical, batch] = pair[pair.length >> 1] ?? []
      if (!critical || !batch) throw new Error('no two calls within 80 ms')
      for (const agent of run.plan.agents) {
        if (agent.agent === critical.send.agent) agent.priority = 'critical'
        if (agent.agent === batch.send.agent) agent.priority = 'batch'
      }
      refuse(critical)
      rewrite(critical, { rpcCode: 50_301, data: { code: 'OVERLOADED', retryable: true, retryAfterMs: 1_600 } })
    },
    turns: { 'priority-order': 'fail' },
  },
  {
    base: 'auth-storm',
    what: 'the alert rules are evaluated, and one fires while all is well',
    change: (run) => alerted(run, [{ fromMs: phase(run, 'steady').fromMs + 1_000, toMs: phase(run, 'steady').fromMs + 3_000 }]),
    turns: { 'alerts-fire': 'fail' },
  },
  {
    base: 'auth-storm',
    what: 'the alert rules are evaluated, and none fires in the outage',
    change: (run) => alerted(run, []),
    turns: { 'alerts-fire': 'fail' },
  },
]
