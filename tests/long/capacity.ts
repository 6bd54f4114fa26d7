// The advice of `npm run study capacity` against the best that brute force finds, for three hold times: the
// rate for a pool as it is, and for nine tenths of that rate the pool and the calls at once, each within 20 % (or one).
//
// Brute force: from well below the advice upward, rates by tenths and sizes one by one, until one does not hold, or holds.
// What lies further away would be too far all the same. About seven minutes a hold time; `rounds` is how many of the three.
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { laboratoryIn } from '../../harness/command/study/study.ts'
import type { Settings } from '../../harness/plan/plan.ts'
import { adviceOf, knee, measure, type Point } from '../../harness/study/capacity.ts'

const HOLDS_MS = [20, 10, 40]
const POOL = 4
const WITHIN = 0.2
const GOOD_SHARE = 0.95
/** At the knee itself the same sizes hold one time and not the next: 180 a second in a pool of 4 were 100 % good, then 94 %. */
const BELOW_KNEE = 0.9
/** Of the reference server's limit of calls at once, for calls of ordinary weight. */
const ORDINARY_SHARE = 0.8

/** @throws when some advice is further off than a fifth */
export async function run(rounds = HOLDS_MS.length): Promise<string[]> {
  const said: string[] = []
  const folder = mkdtempSync(path.join(os.tmpdir(), 'stampede-capacity-'))
  try {
    for (const hold of HOLDS_MS.slice(0, rounds)) said.push(...(await compare(hold, path.join(folder, String(hold)))))
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
  if (said.some((line) => line.startsWith('TOO FAR'))) throw new Error(said.join('\n'))
  return said
}

async function compare(holdMs: number, folder: string): Promise<string[]> {
  mkdirSync(folder, { recursive: true })
  const laboratory = laboratoryIn(folder, { target: 'reference', hold: String(holdMs), seed: '1', driver: 'k6', reports: folder })
  const points = new Map<number, Point>()
  const carries = async (perS: number, poolMax: number, more: Partial<Settings> = {}): Promise<boolean> => {
    const point = await measure(laboratory, perS, poolMax, more)
    const of = [`hold ${holdMs} ms, ${perS} a second, pool ${poolMax}`, ...Object.entries(more).map((pair) => pair.join(' '))]
    laboratory.say(`${new Date().toISOString().slice(11, 19)} ${of.join(', ')}: ${Math.round(point.share * 1_000) / 10} % good`)
    if (poolMax === POOL && Object.keys(more).length === 0) points.set(perS, point)
    return point.share >= GOOD_SHARE
  }
  const kneePerS = await knee((perS) => carries(perS, POOL))
  const best = points.get(kneePerS)
  if (!best) return [`TOO FAR: with ${holdMs} ms nothing is carried at all`]
  const { rate } = adviceOf(best, [...points.values()], POOL)
  const rates = [0.75, 0.83, 0.91, 1, 1.1, 1.21, 1.33].map((share) => Math.round(rate.is * share))
  const carried = await lastOf(rates, (perS) => carries(perS, POOL))
  const perS = Math.round(kneePerS * BELOW_KNEE)
  await carries(perS, POOL)
  const { pool, atOnce } = adviceOf(points.get(perS) as Point, [...points.values()], POOL)
  const poolNeeded = await firstOf(around(pool.is), (size) => carries(perS, size))
  const roomNeeded = await firstOf(around(atOnce), (limit) => carries(perS, POOL, { inFlightMax: Math.floor(limit / ORDINARY_SHARE) }))
  return [
    told(`hold ${holdMs} ms, rate for a pool of ${POOL}`, rate.is, carried),
    told(`hold ${holdMs} ms, pool for ${perS} a second`, pool.is, poolNeeded),
    told(`hold ${holdMs} ms, calls at once for ${perS} a second`, atOnce, roomNeeded),
  ]
}

function told(what: string, advised: number, found: number): string {
  const near = Math.abs(advised / found - 1) <= WITHIN || Math.abs(advised - found) <= 1
  return `${near ? 'near' : 'TOO FAR'}: ${what}: advised ${advised}, found ${found}`
}

/** Sizes near an advice, ascending: the first and the last are too far from it. */
function around(advised: number): number[] {
  const off = Math.max(2, Math.ceil(advised * 0.26))
  return Array.from({ length: 2 * off + 1 }, (_, n) => advised - off + n).filter((size) => size >= 1)
}

async function lastOf(ascending: readonly number[], holds: (value: number) => Promise<boolean>): Promise<number> {
  let last = 0
  for (const value of ascending) {
    if (!(await holds(value))) break
    last = value
  }
  return last
}

async function firstOf(ascending: readonly number[], holds: (value: number) => Promise<boolean>): Promise<number> {
  for (const value of ascending) if (await holds(value)) return value
  return Number.POSITIVE_INFINITY
}
