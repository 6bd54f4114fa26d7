// The first line of /proc/stat: where the time of all cores went since the machine started.
import { readFileSync } from 'node:fs'

/** @returns ticks of all cores together; `stolen`: the host let another machine run while this one wanted to */
export function cpuTicks(text: string): { all: number; stolen: number } {
  // user nice system idle iowait irq softirq steal; what guests take is in the first two already.
  const ticks = text.slice(0, text.indexOf('\n')).split(/\s+/).slice(1, 9).map(Number)
  return { all: ticks.reduce((sum, one) => sum + one, 0), stolen: ticks[7] ?? 0 }
}

/** Now; undefined where the system does not tell it. */
export function cpuTicksNow(): ReturnType<typeof cpuTicks> | undefined {
  try {
    return cpuTicks(readFileSync('/proc/stat', 'utf8'))
  } catch {
    return undefined
  }
}
