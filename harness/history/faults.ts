// The planned faults of a run, each with what was recorded of it. Pure.
import type { History } from './history.ts'
import type { FaultLine } from './raw-line.ts'

/** A planned fault, with what the run recorded of it. */
export interface FaultRecord {
  fault: string
  window: string
  parameters: Record<string, number | string>
  /** Absent when it was never injected. */
  dependency?: string
  /** While it is being injected it may be felt already. */
  beginsMs: number
  /** In force: from its injection to the beginning of its healing; as planned where a line is missing. */
  fromMs: number
  toMs: number
  felt?: FaultLine
  /** The verified heal. */
  healed?: FaultLine
  /** When it was over for sure: its verified heal; never, when it was injected and that is missing. */
  overMs: number
  lines: FaultLine[]
}

export function faultsOf(history: History): FaultRecord[] {
  return history.plan.faults.map(({ fault, window, parameters, turn, injectAtMs, healAtMs }) => {
    const lines = history.faults.filter((line) => line.fault === fault && line.window === window && line.turn === turn)
    const last = (event: FaultLine['event']) => lines.findLast((line) => line.event === event)
    const [first] = lines
    const felt = last('felt')
    const healed = last('healed')
    const fromMs = (last('injected') ?? last('injecting'))?.atMs ?? injectAtMs
    return {
      fault,
      window,
      parameters,
      ...(first && { dependency: first.dependency }),
      beginsMs: lines.find(({ event }) => event === 'injecting')?.atMs ?? fromMs,
      fromMs,
      toMs: (last('healing') ?? healed)?.atMs ?? healAtMs,
      ...(felt && { felt }),
      ...(healed && { healed }),
      overMs: healed?.atMs ?? (last('injected') ? Number.POSITIVE_INFINITY : healAtMs),
      lines,
    }
  })
}
