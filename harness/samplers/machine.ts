// What the machine did not give: how long it stood still, each time with its moment, and which share of its cores the host took. A limit of
// time that is passed in a moment in which nobody had a core says nothing of the server (history/stills.ts judges that).
//
// Series: `stillMs` and, on Linux, `stolenMs`, what the host took around that still, of all cores together,
// in a reading of its own at its end; `stolenShare` of all cores and `waitingShare`, of the time in which
// at least one task waited for a core, since the reading before. It is the harness's machine: a server's
// own only where that runs here. Not modelled: cores that are slowed down, and caches that others fill.
import { readFileSync } from 'node:fs'
import type { Environment } from '../environment/service.ts'
import { type Reading, sampler } from './sampler.ts'
import { type cpuTicks, cpuTicksNow } from './stills/cpu-ticks.ts'
import { Stills } from './stills/stills.ts'

/** Ours: a sleeper on busy cores is woken some 10 ms late. */
const LEAST_MS = 20

interface Watch {
  stills: Stills
  ticks?: ReturnType<typeof cpuTicks> | undefined
  pressure?: { atMs: number; waitedMs: number } | undefined
}

const watches = new WeakMap<Environment, Watch>()

export const machine = sampler({
  summary: 'When the machine stood still, and what the host took of it.',
  source: 'proc(5), /proc/stat; Linux kernel documentation, "PSI - Pressure Stall Information"',
  periodMs: 500,
  applies: ({ processes = {} }) => Object.keys(processes).length > 0,
  async sample(environment) {
    const before = watches.get(environment)
    const stills = before?.stills ?? new Stills(LEAST_MS)
    const now: Watch = { stills, ticks: cpuTicksNow(), pressure: pressureNow() }
    watches.set(environment, now)
    const values = before ? sharesOf(before, now) : {}
    return [
      ...stills.take().map(({ atMs, ...still }): Reading => ({ atMs, values: still })),
      ...(Object.keys(values).length > 0 ? [{ values }] : []),
    ]
  },
  end(environment) {
    watches.get(environment)?.stills[Symbol.dispose]()
    watches.delete(environment)
  },
})

function sharesOf(before: Watch, now: Watch): Record<string, number> {
  const all = (now.ticks?.all ?? 0) - (before.ticks?.all ?? 0)
  const passedMs = (now.pressure?.atMs ?? 0) - (before.pressure?.atMs ?? 0)
  return {
    ...(now.ticks && before.ticks && all > 0 && { stolenShare: (now.ticks.stolen - before.ticks.stolen) / all }),
    ...(now.pressure && before.pressure && { waitingShare: (now.pressure.waitedMs - before.pressure.waitedMs) / passedMs }),
  }
}

/** `some … total=<microseconds>`: at least one task waited. Undefined where the system does not tell it. */
function pressureNow(): { atMs: number; waitedMs: number } | undefined {
  try {
    const text = readFileSync('/proc/pressure/cpu', 'utf8')
    return { atMs: performance.now(), waitedMs: Number(/^some .*total=(\d+)/m.exec(text)?.[1] ?? 0) / 1_000 }
  } catch {
    return undefined
  }
}
