// How long a tool's calls have lately held their connection: the median of the last 32, once there are 5. It prices the
// queue ("too long for the time you have") and is the hint for an agent that has too many calls running. A median, since one
// hung call says nothing.

export interface Typical {
  add(tool: string, ms: number): void
  /** Undefined until the tool has been called often enough to say. */
  ms(tool: string | undefined): number | undefined
}

const REMEMBERED = 32
const ENOUGH = 5

export function createTypical(): Typical {
  const recent = new Map<string, number[]>()
  const medians = new Map<string, number>()
  return {
    add(tool, ms) {
      const times = recent.get(tool) ?? []
      recent.set(tool, times)
      if (times.push(ms) > REMEMBERED) times.shift()
      if (times.length >= ENOUGH) medians.set(tool, times.toSorted((a, b) => a - b)[Math.floor(times.length / 2)] as number)
    },
    ms: (tool) => (tool === undefined ? undefined : medians.get(tool)),
  }
}
