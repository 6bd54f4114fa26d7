// One instance against three at the same load: where a call's time goes. Transport is what its caller saw less what the server says;
// queue, dependency (`db_ms`, `upstream_ms`) and the rest, which is the tool's own, are the server's words in its log.
import { quantileOf } from '../history/quantiles.ts'
import { measured } from '../history/queries.ts'
import { bars } from './bars.ts'
import type { Study } from './page.ts'
import { type Laboratory, NO_BUDGETS, type Tried } from './study.ts'

const COUNTS = [1, 3] as const
const PARTS = ['transport', 'queue', 'tool', 'dependency'] as const

type Split = Record<(typeof PARTS)[number], number>

export async function scaleOut({ run, say, holdMs, weaken }: Laboratory, command: string): Promise<Study> {
  const rows: { instances: number; split: Split; share: number }[] = []
  for (const instances of COUNTS) {
    const load = [
      { persona: 'steady' as const, agents: 20, role: 'cheapRead' as const, everyMs: 400 },
      { persona: 'steady' as const, agents: 10, role: 'expensiveRead' as const, everyMs: 1_000 },
    ]
    const settings = { ...NO_BUDGETS, instances, poolMax: 4, queueMax: 50, acquireTimeoutMs: 1_000 }
    const tried = await run({
      load,
      steadyS: 10,
      linkMs: holdMs,
      settings,
      checks: ['bounded-time'],
      ...(weaken !== undefined && { weaken }),
    })
    const row = { instances, ...splitOf(tried) }
    rows.push(row)
    say(`${instances} ${instances === 1 ? 'instance' : 'instances'}: ${PARTS.map((part) => `${part} ${row.split[part]} ms`).join(', ')}`)
  }
  const [one, three] = rows.map(({ split }) => PARTS.reduce((sum, part) => sum + split[part], 0))
  const known = rows.every(({ split }) => PARTS.every((part) => Number.isFinite(split[part])))
  return {
    title: 'One instance against three',
    says: known
      ? `A typical call takes ${tenths(one)} ms with one instance and ${tenths(three)} ms with three`
      : 'The server does not tell where its time goes',
    tone: known ? 'pass' : 'unknown',
    about: 'The same 60 calls a second each time; medians of served calls, part by part.',
    plots: [
      {
        title: 'Where a call’s time goes',
        caption: 'Medians, ms.',
        spec: bars(
          rows.flatMap(({ instances, split }) =>
            PARTS.map((part) => ({ group: part, name: `${instances} of them`, value: split[part] || 0 })),
          ),
          'ms',
        ),
      },
    ],
    tables: [
      {
        title: 'Medians, ms',
        head: ['instances', ...PARTS, 'good'],
        rows: rows.map(({ instances, split, share }) => [
          String(instances),
          ...PARTS.map((part) => split[part]),
          `${Math.round(share * 1_000) / 10} %`,
        ]),
      },
    ],
    command,
    notes: known ? [] : ['Fields that are looked for in the log: queue_ms, db_ms, upstream_ms, and the call’s duration.'],
  }
}

function splitOf({ history }: Tried): { split: Split; share: number } {
  const calls = history.calls.filter((call) => measured(call) && call.phase === 'steady')
  const served = calls.filter(({ outcome }) => outcome === 'ok')
  const logged = served.flatMap((call) => (call.server?.durationMs === undefined ? [] : [{ call, ms: call.server.durationMs }]))
  const told = (field: string) => quantileOf([...(history.said.times.get(field)?.get('steady') ?? [])], 0.5)
  const whole = quantileOf(
    logged.map(({ ms }) => ms),
    0.5,
  )
  const transport = quantileOf(
    logged.map(({ call, ms }) => Math.max(0, (call.endedAtMs ?? call.sentAtMs) - call.sentAtMs - ms)),
    0.5,
  )
  const [queue, dependency] = [told('queue_ms'), told('db_ms') + (told('upstream_ms') || 0)]
  const split = { transport, queue, tool: Math.max(0, whole - queue - dependency), dependency }
  const share = served.length / Math.max(1, calls.length)
  return { split: Object.fromEntries(PARTS.map((part) => [part, tenths(split[part])])) as Split, share }
}

function tenths(value = Number.NaN): number {
  return Math.round(value * 10) / 10
}
