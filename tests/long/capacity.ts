// The advice of `npm run study capacity` against the best that brute force finds, for three hold times: the rate for a pool as it is, and the pool for
// that rate, each within 20 % (or one connection).
//
// Brute force: every rate in steps of 10 % around the advice, up to the first at which less than 95 % is answered well; then, at the knee,
// every size of pool from 1 on until one keeps up. About ten minutes a hold time. `rounds` is how many of the three.
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { laboratoryIn } from '../../harness/command/study/study.ts'
import { heldAt, knee, littlesLaw, measure, type Point } from '../../harness/study/capacity.ts'

const HOLDS_MS = [10, 20, 40]
const POOL = 4
const WITHIN = 0.2
const GOOD_SHARE = 0.95

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
  const options = { target: 'reference', hold: String(holdMs), seed: '1', driver: 'k6', reports: folder }

  mkdirSync(folder, { recursive: true })
  const laboratory = laboratoryIn(folder, options)
  const points = new Map<number, Point>()
  const kneePerS = await knee(async (perS) => {
    const point = await measure(laboratory, perS, POOL)
    points.set(perS, point)
    return point.share >= GOOD_SHARE
  })
  const best = points.get(kneePerS)
  if (!best) return [`TOO FAR: with ${holdMs} ms nothing is carried at all`]
  const { rate, pool } = littlesLaw({ ...best, held: heldAt(best, [...points.values()]) }, POOL)
  const carried = await highestRate(
    rate.is * 0.5,
    rate.is * 1.6,
    async (perS) => (await measure(laboratory, perS, POOL)).share >= GOOD_SHARE,
  )
  const needed = await smallestPool(async (size) => (await measure(laboratory, kneePerS, size)).share >= GOOD_SHARE)
  return [
    told(
      `hold ${holdMs} ms, rate for a pool of ${POOL}: advised ${rate.is}, carried ${carried}`,
      Math.abs(rate.is / carried - 1) <= WITHIN,
    ),
    told(
      `hold ${holdMs} ms, pool for ${kneePerS} a second: advised ${pool.is}, needed ${needed}`,
      Math.abs(pool.is / needed - 1) <= WITHIN || Math.abs(pool.is - needed) <= 1,
    ),
  ]
}

function told(line: string, near: boolean): string {
  return `${near ? 'near' : 'TOO FAR'}: ${line}`
}

async function highestRate(from: number, to: number, carries: (perS: number) => Promise<boolean>): Promise<number> {
  let highest = 0
  for (let perS = Math.round(from); perS <= to && (await carries(perS)); perS = Math.ceil(perS * 1.1)) highest = perS
  return highest
}

async function smallestPool(carries: (size: number) => Promise<boolean>): Promise<number> {
  for (let size = 1; size < 4 * POOL; size++) if (await carries(size)) return size
  return Number.POSITIVE_INFINITY
}
