// The same mean rate, smooth and then in salvos, on a weak server and on the hardened one. "Smooth ramps miss pool exhaustion" (seed 2): a
// server that opens a pool a request holds while calls come one by one, and fails as soon as they come together.
import { bars } from './bars.ts'
import type { Study } from './page.ts'
import { type Laboratory, NO_BUDGETS } from './study.ts'

const AGENTS = 20
const EVERY_MS = 1_000
const SALVO = 40
const CHECK = 'pool-bounded'

export async function smoothAgainstBurst({ run, say, weaken = 'pool-per-request', holdMs }: Laboratory, command: string): Promise<Study> {
  const rows: { who: string; how: string; status: string; connections: number }[] = []
  for (const server of [weaken, undefined]) {
    for (const how of ['smooth', 'bursts']) {
      const load = [
        {
          persona: 'steady' as const,
          agents: AGENTS,
          role: 'cheapRead' as const,
          everyMs: EVERY_MS,
          ...(how === 'bursts' && { salvo: SALVO }),
        },
      ]
      const settings = { ...NO_BUDGETS, poolMax: 4, queueMax: 50, acquireTimeoutMs: 1_000 }
      const trial = {
        load,
        steadyS: 6,
        stressS: 6,
        linkMs: holdMs,
        settings,
        checks: [CHECK, 'bounded-time'],
        ...(server !== undefined && { weaken: server }),
      }
      const { history, statuses } = await run(trial)
      const seen = history.samples.flatMap(({ sampler, values }) => (sampler === 'postgres' ? [values.connections ?? 0] : []))
      const row = { who: server ?? 'hardened', how, status: statuses[CHECK] ?? 'not judged', connections: Math.max(0, ...seen) }
      rows.push(row)
      say(`${row.who}, ${how}: ${CHECK} ${row.status}, at most ${row.connections} connections`)
    }
  }
  const of = (who: string, how: string) => rows.find((row) => row.who === who && row.how === how)?.status
  const shown = of(weaken, 'smooth') === 'pass' && of(weaken, 'bursts') === 'fail' && of('hardened', 'bursts') === 'pass'
  return {
    title: 'Smooth against bursts',
    says: shown
      ? `${weaken} passes at a smooth load and fails at the same load in bursts; the hardened server holds at both`
      : `${weaken}: ${of(weaken, 'smooth')} at a smooth load, ${of(weaken, 'bursts')} in bursts; hardened: ${of('hardened', 'smooth')}, ${of('hardened', 'bursts')}`,
    tone: shown ? 'pass' : 'unknown',
    about: `${(AGENTS * 1_000) / EVERY_MS} calls a second each time: one by one, or ${SALVO} at once every ${(SALVO * EVERY_MS) / AGENTS / 1_000} s.`,
    plots: [
      {
        title: 'Connections to Postgres, at most',
        caption: 'The same mean rate each time.',
        spec: bars(
          rows.map(({ who, how, connections }) => ({ group: who, name: how, value: connections })),
          '',
        ),
      },
    ],
    tables: [
      {
        title: 'Runs',
        head: ['server', 'load', CHECK, 'connections'],
        rows: rows.map(({ who, how, status, connections }) => [who, how, status, connections]),
      },
    ],
    command,
    notes: [],
  }
}
