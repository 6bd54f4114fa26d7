// Everything that the page is made from, gathered once: the history and the verdicts, and of the calls that are shown whole their place on
// the page and their log lines. Which calls those are is decided here, so that the one file that reads the disk can ask for
// their lines and no others: the witnesses of every check, then some that took longest and some of each kind that failed.
// Bounds: 20 witnesses a check (the judge's), 8 slow calls, 3 of a kind that failed, 400 in all.
import type { Verdict, Verdicts } from '../checks/check.ts'
import type { CallLogs } from '../history/call-log.ts'
import type { Call } from '../history/event.ts'
import type { History } from '../history/history.ts'
import { once } from '../history/once.ts'
import type { ClientView } from './clients.ts'
import { ordered } from './words.ts'

const WITNESSES_MAX = 20
const SLOW_MAX = 8
const OF_A_KIND_MAX = 3
const KINDS_MAX = 6
const WHOLE_MAX = 400

/** Where a call is shown whole: under a check, or among the slow and the failed. */
export interface Home {
  call: Call
  /** The check's id. */
  under: string | 'slow'
}

export interface Source {
  history: History
  verdicts: Verdicts
  logs: CallLogs
  clients: readonly ClientView[]
  /** By the call's index, in the order of the page. */
  homes: ReadonlyMap<number, Home>
  /** Slow and failed calls, wherever they are shown. */
  slow: readonly Call[]
}

export function callsShownWhole(history: History, verdicts: Verdicts): { homes: Map<number, Home>; slow: readonly Call[] } {
  const homes = new Map<number, Home>()
  const settle = (call: Call | undefined, under: string) => {
    if (call && !homes.has(call.index) && homes.size < WHOLE_MAX) homes.set(call.index, { call, under })
  }
  for (const verdict of ordered(verdicts.verdicts)) {
    for (const call of witnessesOf(history, verdict)) settle(call, verdict.check)
  }
  const slow = slowAndFailed(history)
  for (const call of slow) settle(call, 'slow')
  return { homes, slow }
}

export function witnessesOf({ calls }: History, { witnesses }: Verdict): Call[] {
  return witnesses.slice(0, WITNESSES_MAX).flatMap((index) => calls[index] ?? [])
}

/** The longest of those that were served, and the longest of each kind that was not, the most frequent kinds first. */
const slowAndFailed = once(({ calls }: History): readonly Call[] => {
  const served: Call[] = []
  const kinds = new Map<string, { count: number; longest: Call[] }>()
  for (const call of calls) {
    if (call.role === 'handshake') continue
    if (call.class === 'served') keepLongest(served, call, SLOW_MAX)
    else {
      const kind = kinds.get(call.class) ?? { count: 0, longest: [] }
      kinds.set(call.class, kind)
      kind.count++
      keepLongest(kind.longest, call, OF_A_KIND_MAX)
    }
  }
  const failed = [...kinds.values()].sort((a, b) => b.count - a.count).slice(0, KINDS_MAX)
  return [...served, ...failed.flatMap(({ longest }) => longest)]
})

/** Inserts in the order of length; what took equally long stays in the order of sending. */
function keepLongest(longest: Call[], call: Call, most: number): void {
  const last = longest.at(-1)
  if (longest.length === most && last && tookMs(last) >= tookMs(call)) return
  const at = longest.findIndex((other) => tookMs(other) < tookMs(call))
  longest.splice(at < 0 ? longest.length : at, 0, call)
  longest.length = Math.min(longest.length, most)
}

/** As its agent felt it, ms; a call without an answer takes as long as its client's patience. */
export function tookMs({ sentAtMs, endedAtMs, timeoutMs }: Call): number {
  return endedAtMs === undefined ? timeoutMs : endedAtMs - sentAtMs
}

export function gather(history: History, verdicts: Verdicts, logs: CallLogs, clients: readonly ClientView[]): Source {
  const { homes, slow } = callsShownWhole(history, verdicts)
  return { history, verdicts, logs, clients, homes, slow }
}

/** The id of a call's block; a name that cannot be one is told by its place in the history. */
export function callAnchor({ call, index }: Call): string {
  return /^[\w.-]{1,120}$/.test(call) ? `call-${call}` : `call-at-${index}`
}

export function checkAnchor(check: string): string {
  return `check-${
    /^[\w.-]{1,80}$/.test(check)
      ? check
      : [...check]
          .map((character) => (/\w/.test(character) ? character : '-'))
          .join('')
          .slice(0, 80)
  }`
}
