// Decides who is let in when there is too much for this process, and keeps the order: batch goes first, then normal, critical last.
// A ladder's height says which share of each is turned away: 0 none; 1 all batch; 2 all normal as well; 2.8, its top, four fifths
// of critical too. Every TICK_MS it goes up a quarter while a signal is over its limit, and down a tenth once all are well below
// (a quarter once nothing waits at all), and stays while a line shrinks; a rung on which nobody stands is passed at once.
// Steps, not a switch: a switch sheds everybody, then nobody, then everybody. One ladder for the process (event loop late
// while busy, bytes held) and one for each pool (wait in its line), so that a slow report does not turn lookups away.
// Beside them a count of calls inside: the last fifth of IN_FLIGHT_MAX is kept for critical, batch gets three fifths.
// A call that finds nobody inside is always let in.
// Within 100 ms of a critical call turned away no batch is let in, nor the reverse: calls beyond the count are admitted so long.
// Sources: SRE book ch. 21 and 22 (criticality, load shedding); WeChat's DAGOR (levels that move by feedback); Nygard, Release It!.
// OVERLOAD_LOOP_DELAY_MS, OVERLOAD_QUEUE_WAIT_MS, IN_FLIGHT_MAX, IN_FLIGHT_BYTES_MAX.
// Does not model: costs of tools (a heavy call counts as one), coordination between instances.
import type { Settings } from '../config.ts'
import type { LoopReading } from '../loop-watch.ts'
import { PRIORITIES, type Priority } from '../tiers.ts'
import type { PoolName } from '../tools/tool.ts'

export interface GateOptions {
  settings: Pick<Settings, 'OVERLOAD_LOOP_DELAY_MS' | 'OVERLOAD_QUEUE_WAIT_MS' | 'IN_FLIGHT_MAX' | 'IN_FLIGHT_BYTES_MAX'>
  clock: () => number
  random: () => number
  loop: () => LoopReading
  bytesInside: () => number
  /** How many stand in a pool's line now. */
  waiting: (pool: PoolName) => number
}

export interface Gate {
  /** A call has come: undefined when it is let in (then leave() once it is over), else how bad it is, 0 … 1. */
  turnedAway(priority: Priority, pool: PoolName | undefined): number | undefined
  leave(): void
  /** A call has waited so long in a pool's line, or given up after it. */
  waited(pool: PoolName, ms: number): void
}

export type OpenGate = (options: GateOptions) => Gate

const TICK_MS = 250
const UP = 0.25
const DOWN = 0.1
/** Nothing waits and nothing is late: what was too much is over. */
const DOWN_WHEN_IDLE = 0.25
const TOP = 2.8
const CALM = 0.8
const IDLE = 0.1
const BUSY = 0.9
const ORDER_MS = 100
/** Of IN_FLIGHT_MAX. */
const SHARE: Record<Priority, number> = { batch: 0.6, normal: 0.8, critical: 1 }

export const ladderGate: OpenGate = ({ settings, clock, random, loop, bytesInside, waiting }) => {
  const process = new Ladder()
  const pools: Record<PoolName, Ladder> = { cheap: new Ladder(), expensive: new Ladder(), write: new Ladder() }
  const longestMs: Record<PoolName, number> = { cheap: 0, expensive: 0, write: 0 }
  const stood: Record<PoolName, number> = { cheap: 0, expensive: 0, write: 0 }
  const waits: Record<PoolName, number> = { cheap: 0, expensive: 0, write: 0 }
  let inside = 0
  let tickedAtMs = clock()
  let wasLate = 0
  let batchInAtMs = Number.NEGATIVE_INFINITY
  let criticalOutAtMs = Number.NEGATIVE_INFINITY

  const tick = (): void => {
    const ticks = Math.min(Math.floor((clock() - tickedAtMs) / TICK_MS), 40)
    if (ticks < 1) return
    tickedAtMs = clock()
    const { delayMs, utilisation } = loop()
    const late = utilisation >= BUSY ? delayMs / settings.OVERLOAD_LOOP_DELAY_MS : 0
    // One late look is a pause: a collection of garbage, a neighbour on the machine.
    process.move(Math.max(Math.min(late, wasLate), bytesInside() / settings.IN_FLIGHT_BYTES_MAX), ticks)
    wasLate = late
    for (const [name, ladder] of Object.entries(pools) as [PoolName, Ladder][]) {
      const standing = waiting(name)
      const wait = longestMs[name] / settings.OVERLOAD_QUEUE_WAIT_MS
      // Waits tell of those who came long ago. A line that shrinks is being mended: more steps would go too far. One long wait is a
      // burst; and a line that stands while nobody's wait ends is not at rest.
      ladder.move(Math.max(Math.min(wait, waits[name]), standing > 0 ? IDLE : 0), ticks, standing < stood[name])
      waits[name] = wait
      longestMs[name] = 0
      stood[name] = standing
    }
  }
  const isShed = (priority: Priority, ladder: Ladder | undefined): boolean => {
    const nowMs = clock()
    // Whatever is wrong, it is not that there are too many.
    if (inside === 0) return false
    if (priority === 'batch' && nowMs - criticalOutAtMs < ORDER_MS) return true
    if (priority === 'critical' && nowMs - batchInAtMs < ORDER_MS) return false
    if (inside >= settings.IN_FLIGHT_MAX * SHARE[priority]) return true
    return random() < Math.max(process.shareOf(priority), ladder?.shareOf(priority) ?? 0)
  }

  return {
    turnedAway(priority, pool) {
      tick()
      const ladder = pool && pools[pool]
      process.arrived(priority)
      ladder?.arrived(priority)
      if (isShed(priority, ladder)) {
        if (priority === 'critical') criticalOutAtMs = clock()
        return Math.max(process.height, ladder?.height ?? 0) / TOP
      }
      if (priority === 'batch') batchInAtMs = clock()
      inside += 1
      return undefined
    },
    leave() {
      inside -= 1
    },
    waited(pool, ms) {
      longestMs[pool] = Math.max(longestMs[pool], ms)
    },
  }
}

class Ladder {
  height = 0
  #arrived = new Set<Priority>()

  arrived(priority: Priority): void {
    this.#arrived.add(priority)
  }

  /** @param pressure the worst signal by its limit: above 1 is too much */
  move(pressure: number, ticks: number, easing = false): void {
    if (pressure > 1) {
      if (easing) return
      const rung = Math.floor(this.height)
      const nobodyThere = PRIORITIES.slice(rung).findIndex((priority) => this.#arrived.has(priority))
      this.height = Math.min(TOP, Math.max(this.height, rung + Math.max(0, nobodyThere)) + UP)
    } else if (pressure < CALM) this.height = Math.max(0, this.height - (pressure < IDLE ? DOWN_WHEN_IDLE : DOWN) * ticks)
    this.#arrived.clear()
  }

  shareOf(priority: Priority): number {
    return Math.min(1, Math.max(0, this.height - PRIORITIES.indexOf(priority)))
  }
}
