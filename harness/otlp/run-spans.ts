// The run itself as a trace of its own: phases and faults as spans, and as events of the run's span, so that they can be drawn beside
// whatever the server tells. Pure.
import { createHash } from 'node:crypto'
import type { FaultLine } from '../history/raw-line.ts'
import type { Plan } from '../plan/plan.ts'
import { attributes, nano, type OtlpSpan } from './encoding.ts'

export interface RunStory {
  run: string
  plan: Pick<Plan, 'phases' | 'endsAtMs' | 'scenario'>
  t0Ms: number
  faults: readonly FaultLine[]
}

export function runSpans({ run, plan, t0Ms, faults }: RunStory): OtlpSpan[] {
  const traceId = createHash('sha256').update(run).digest('hex').slice(0, 32)
  const id = (name: string) => createHash('sha256').update(`${run}/${name}`).digest('hex').slice(0, 16)
  const span = (name: string, fromMs: number, toMs: number, values: Record<string, string | undefined>): OtlpSpan => ({
    ...{ traceId, spanId: id(name), parentSpanId: id('run'), name, kind: 1, attributes: attributes(values) },
    startTimeUnixNano: nano(fromMs),
    endTimeUnixNano: nano(Math.max(fromMs, toMs)),
  })
  const lastMs = Math.max(t0Ms + plan.endsAtMs, ...faults.map(({ atMs }) => atMs))
  const { parentSpanId: _none, ...root } = span('run', t0Ms, lastMs, { 'stampede.run': run, 'stampede.scenario': plan.scenario })
  const events = faults.map(({ atMs, fault, event, dependency, window, detail }) => ({
    timeUnixNano: nano(atMs),
    name: `fault ${event}`,
    attributes: attributes({
      'stampede.fault': fault,
      'stampede.dependency': dependency,
      'stampede.window': window,
      'stampede.detail': detail,
    }),
  }))
  const windows = [...Map.groupBy(faults, ({ fault, window, turn = 1 }) => `${fault} ${window} ${turn}`).values()].flatMap((lines) => {
    const [first] = lines
    const from = lines.find(({ event }) => event === 'injected')
    const to = lines.find(({ event }) => event === 'healed' || event === 'not-healed') ?? lines.at(-1)
    if (!first || !from || !to) return []
    const name = `fault ${first.fault}${first.turn === undefined ? '' : ` ${first.turn}`}`
    return [
      span(name, from.atMs, to.atMs, {
        'stampede.fault': first.fault,
        'stampede.dependency': first.dependency,
        'stampede.window': first.window,
      }),
    ]
  })
  const phases = plan.phases.map(({ name, window, fromMs, toMs }) => {
    const whole = window === undefined ? name : `${name} of ${window}`
    return span(`phase ${whole}`, t0Ms + fromMs, t0Ms + toMs, { 'stampede.phase': name, 'stampede.window': window })
  })
  return [{ ...root, events }, ...phases, ...windows]
}
