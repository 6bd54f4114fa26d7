// Who belongs to a process group, and what each of them uses: from /proc on Linux, by `ps` elsewhere. Zombies are left
// out: in a container without an init nobody collects them, and they use nothing.
// What this does not model: a program that leaves its group on purpose (setsid); Windows has no groups.
import { execFile } from 'node:child_process'
import { readdir, readFile } from 'node:fs/promises'
import { promisify } from 'node:util'

const run = promisify(execFile)
/** Kernel clock ticks a second in /proc: 100 on every Linux that Node runs on. */
const TICK_MS = 10

export interface Usage {
  pid: number
  group: number
  /** Time on a core since it started. */
  cpuMs: number
  rssBytes: number
}

/** Every live process of the machine that one may see. */
export async function processes(): Promise<Usage[]> {
  if (process.platform !== 'linux')
    return parsePs((await run('ps', ['-A', '-o', 'pid=,pgid=,stat=,rss=,time='], { timeout: 5_000 })).stdout)
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name))
  return (await Promise.all(pids.map((pid) => usageOf(Number(pid))))).filter((usage) => usage !== undefined)
}

export async function groupMembers(group: number): Promise<Usage[]> {
  return (await processes()).filter((usage) => usage.group === group)
}

/** One process on Linux; undefined when it is gone. */
export async function usageOf(pid: number): Promise<Usage | undefined> {
  try {
    const stat = parseStat(await readFile(`/proc/${pid}/stat`, 'utf8'))
    return stat && { ...stat, rssBytes: stat.rssPages * PAGE_BYTES }
  } catch {
    return undefined
  }
}

/** The fields after the last `)`: the program's name before it may hold anything. */
export function parseStat(text: string): (Omit<Usage, 'rssBytes'> & { rssPages: number }) | undefined {
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
  const [state, , group] = fields
  if (state === 'Z' || state === 'X') return undefined
  const ticks = Number(fields[11]) + Number(fields[12])
  return { pid: Number.parseInt(text, 10), group: Number(group), cpuMs: ticks * TICK_MS, rssPages: Number(fields[21]) }
}

/** Lines of `ps -o pid=,pgid=,stat=,rss=,time=`; rss in kB, time as [[dd-]hh:]mm:ss[.hundredths]. */
export function parsePs(text: string): Usage[] {
  return text.split('\n').flatMap((line) => {
    const [pid, group, state, rssKilobytes, time] = line.trim().split(/\s+/)
    if (!pid || !time || state?.startsWith('Z')) return []
    const [clock = '', days = '0'] = time.split('-').reverse()
    const seconds = clock.split(':').reduce((sum, part) => sum * 60 + Number(part), 0) + Number(days) * 86_400
    return [{ pid: Number(pid), group: Number(group), cpuMs: seconds * 1_000, rssBytes: Number(rssKilobytes) * 1_024 }]
  })
}

/** Memory pages are 4 kB but on some ARM machines; measured on ourselves, whom Node tells both. */
const PAGE_BYTES = process.platform === 'linux' ? await pageBytes() : 4_096

async function pageBytes(): Promise<number> {
  const pages = parseStat(await readFile('/proc/self/stat', 'utf8'))?.rssPages ?? 1
  const estimate = process.memoryUsage.rss() / pages
  return [4_096, 16_384, 65_536].reduce((best, size) => (Math.abs(size - estimate) < Math.abs(best - estimate) ? size : best))
}
