// Who belongs to a process group, and what each of them uses: from /proc on Linux, by `ps` elsewhere. Zombies are left
// out: in a container without an init nobody collects them, and they use nothing.
// What this does not model: a program that leaves its group on purpose (setsid); Windows has no groups.
import { execFile } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { promisify } from 'node:util'

const run = promisify(execFile)
/** A clock tick of the kernel's in /proc: 100 a second on every Linux that Node runs on. */
export const TICK_MS = 10

export interface Usage {
  pid: number
  parent: number
  group: number
  /** The higher, the later it is asked for: -20 to 19. */
  nice: number
  /** Time on a core since it started. */
  cpuMs: number
  rssBytes: number
}

/** Every live process of the machine that one may see. */
export async function processes(): Promise<Usage[]> {
  if (process.platform !== 'linux')
    return parsePs((await run('ps', ['-A', '-o', 'pid=,ppid=,pgid=,nice=,stat=,rss=,time='], { timeout: 5_000 })).stdout)
  // /proc is memory: reading it at once takes a tenth of what a trip through the thread pool for each file would.
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name))
  return pids.map(usageOf).filter((usage) => usage !== undefined)
}

export async function groupMembers(group: number): Promise<Usage[]> {
  return (await processes()).filter((usage) => usage.group === group)
}

/** These and all that they started; whoever lost its parent is known by its group. */
export function familyOf(roots: readonly number[], all: readonly Usage[]): Set<number> {
  const pids = new Set(roots)
  const groups = new Set<number>()
  for (let before = -1; before < pids.size + groups.size; ) {
    before = pids.size + groups.size
    for (const { pid, parent, group } of all) {
      if (!pids.has(pid) && !pids.has(parent) && !groups.has(group)) continue
      pids.add(pid)
      groups.add(group)
    }
  }
  return pids
}

function usageOf(pid: string): Usage | undefined {
  try {
    const { state, rssPages, ...stat } = parseStat(readFileSync(`/proc/${pid}/stat`, 'utf8'))
    return state === 'Z' || state === 'X' ? undefined : { ...stat, rssBytes: rssPages * PAGE_BYTES }
  } catch {
    return undefined
  }
}

/** Open files and sockets of a process; undefined where that cannot be seen. */
export function openHandles(pid: number): number | undefined {
  try {
    return readdirSync(`/proc/${pid}/fd`).length
  } catch {
    return undefined
  }
}

/** How long each of their threads has wanted a core and had none, ms since it began, by its number; none where that cannot be seen. */
export function coreWaits(members: readonly Usage[]): Map<number, number> {
  const waits = new Map<number, number>()
  for (const { pid } of members)
    try {
      for (const thread of readdirSync(`/proc/${pid}/task`)) {
        const [, nanoseconds] = readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ')
        waits.set(Number(thread), Number(nanoseconds) / 1e6)
      }
    } catch {
      // One that ended meanwhile: of the others, those that were read.
    }
  return waits
}

/** Fields of /proc/<pid>/stat from the state on: after the last `)`, since the program's name before it may hold anything. */
export function statFields(text: string): string[] {
  return text.slice(text.lastIndexOf(')') + 2).split(' ')
}

export function parseStat(text: string): Omit<Usage, 'rssBytes'> & { state: string; rssPages: number } {
  const fields = statFields(text)
  const [state = '', parent, group] = fields
  const ticks = Number(fields[11]) + Number(fields[12])
  return {
    pid: Number.parseInt(text, 10),
    state,
    parent: Number(parent),
    group: Number(group),
    nice: Number(fields[16]),
    cpuMs: ticks * TICK_MS,
    rssPages: Number(fields[21]),
  }
}

/** Lines of `ps -o pid=,ppid=,pgid=,nice=,stat=,rss=,time=`; rss in kB, time as [[dd-]hh:]mm:ss[.hundredths]. */
export function parsePs(text: string): Usage[] {
  return text.split('\n').flatMap((line) => {
    const [pid, parent, group, nice, state, rssKilobytes, time] = line.trim().split(/\s+/)
    if (!pid || !time || state?.startsWith('Z')) return []
    const [clock = '', days = '0'] = time.split('-').reverse()
    const seconds = clock.split(':').reduce((sum, part) => sum * 60 + Number(part), 0) + Number(days) * 86_400
    const numbers = { pid: Number(pid), parent: Number(parent), group: Number(group), nice: Number(nice) }
    return [{ ...numbers, cpuMs: seconds * 1_000, rssBytes: Number(rssKilobytes) * 1_024 }]
  })
}

/** Memory pages are 4 kB but on some ARM machines; measured on ourselves, of whom Node tells the bytes. */
const PAGE_BYTES = process.platform === 'linux' ? pageBytes() : 4_096

function pageBytes(): number {
  const estimate = process.memoryUsage.rss() / parseStat(readFileSync('/proc/self/stat', 'utf8')).rssPages
  return [4_096, 16_384, 65_536].reduce((best, size) => (Math.abs(size - estimate) < Math.abs(best - estimate) ? size : best))
}
