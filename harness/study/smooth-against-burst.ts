// The same mean rate, smooth and then in salvos, on a weak server and on the hardened one. "Smooth ramps miss pool exhaustion" (seed 2): a
// queue before the pool that nobody bounded stays empty while calls come one by one, and grows past
// all measure as soon as they come together.
import { points } from '../history/samples.ts'
import { bars } from './bars.ts'
import type { Study } from './page.ts'
import { type Laboratory, NO_BUDGETS } from './study.ts'

const AGENTS = 20
const EVERY_MS = 1_000
const SALVO = 40
const CHECK = 'queue-bounded'

export async function smoothAgainstBurst(
  { run, say, weaken = 'pool-queue-unbounded', holdMs }: Laboratory,
  command: string,
): Promise<Study> {
  const rows: { who: string; how: string; status: string; waiting: number }[] = []
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
      const settings = { ...NO_BUDGETS, poolMax: 4, queueMax: 16, acquireTimeoutMs: 1_000 }
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
      const seen = [...points(history, 'poolWaiting'), ...points(history, 'poolWaitingMax')].map(({ value }) => value)
      const row = { who: server ?? 'hardened', how, status: statuses[CHECK] ?? 'not judged', waiting: Math.max(0, ...seen) }
      rows.push(row)
      say(`${row.who}, ${how}: ${CHECK} ${row.status}, at most ${row.waiting} waiting`)
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
        title: 'Callers waiting for a connection, at most',
        caption: 'The same mean rate each time.',
        spec: bars(
          rows.map(({ who, how, waiting }) => ({ group: who, name: how, value: waiting })),
          '',
        ),
      },
    ],
    tables: [
      {
        title: 'Runs',
        head: ['server', 'load', CHECK, 'waiting'],
        rows: rows.map(({ who, how, status, waiting }) => [who, how, status, waiting]),
      },
    ],
    command,
    notes: [],
  }
}
