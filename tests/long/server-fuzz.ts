// 100,000 bad requests to one server process (reference-server/abuse.integration.test.ts sends 5,000 of them on every change): nothing
// it answers may be wrong, memory after all of them is that after the first fifth, good calls are answered at once, and told to end
// it ends: nothing is left inside. Then the same of a server that leaks, so that this is known to see it.
// What grows in the first fifth: compiled code, and the budgets, tools and keys that are met for the first time.
import { type FuzzedDesk, type Memory, openFuzzedDesk } from '../fixtures/fuzz/desk.ts'
import type { FuzzResult } from '../fixtures/fuzz/fuzz.ts'

const COUNT = 100_000
const STEPS = 10
const WARM_STEPS = 2
const GOOD_CALL_MS = 100
const END_MS = 5_000
/**
 * Of the heap after a full collection, since the warm steps: of 31 MB in 80,000 requests, so 40 bytes a request are too much. And of the
 * process over the second half, once its allocator has settled.
 */
const GROWTH_MAX = 1.1
/** It keeps 38 kB of each refused request. */
const LEAK = 'leak-on-refusal'
const LEAK_COUNT = 1_600
const LEAK_STEPS = 4

/** @returns what was seen, in a few lines. @throws when something did not hold */
export async function run(count = COUNT, seed = 1): Promise<string[]> {
  const begunMs = performance.now()
  const sound = await fuzzed(await openFuzzedDesk(), count, STEPS, seed)
  const leaking = await fuzzed(await openFuzzedDesk(LEAK), LEAK_COUNT, LEAK_STEPS, seed)
  const noticed = leaking.flaws.filter((flaw) => flaw.startsWith('the heap grew'))
  const said = [
    `${count} bad requests in ${Math.round((performance.now() - begunMs) / 1_000)} s; by status ${JSON.stringify(sound.byStatus)}`,
    `by kind ${JSON.stringify(sound.byKind)}`,
    `heap and memory, MB, every ${count / STEPS}: ${sound.course.map(told).join(' · ')}`,
    `a good call right after: ${sound.goodMs.toFixed(1)} ms (median of 51); told to end it took ${Math.round(sound.endMs)} ms`,
    `${LEAK}: ${noticed[0] ?? 'not noticed'}`,
  ]
  const flaws = [...sound.flaws, ...(noticed.length === 0 ? [`${LEAK} was not noticed`] : [])]
  if (flaws.length > 0) throw new Error([...said, ...flaws.slice(0, 20)].join('\n'))
  return said
}

async function fuzzed(opened: FuzzedDesk, count: number, steps: number, seed: number) {
  await using desk = opened
  const course: Memory[] = []
  const total: Pick<FuzzResult, 'byKind' | 'byStatus'> = { byKind: {}, byStatus: {} }
  const flaws: string[] = []
  for (let step = 1; step <= steps; step++) {
    const { byKind, byStatus, problems } = await desk.fuzz(count / steps, seed * STEPS + step)
    add(total.byKind, byKind)
    add(total.byStatus, byStatus)
    flaws.push(...problems)
    const now = await desk.memoryAtRest()
    course.push(now)
    process.stderr.write(`${(step * count) / steps} bad requests sent; heap and memory ${told(now)} MB\n`)
  }
  const times = (await desk.goodCalls(51)).toSorted((a, b) => a - b)
  const goodMs = times[25] ?? Number.POSITIVE_INFINITY
  if (goodMs > GOOD_CALL_MS) flaws.push(`a good call took ${goodMs.toFixed(1)} ms afterwards`)
  flaws.push(...grown(course))
  const { code, ms: endMs } = await desk.end(END_MS)
  if (code !== 0) flaws.push(`told to end it had not after ${Math.round(endMs)} ms: something is left inside (${code})`)
  return { course, flaws, goodMs, endMs, ...total }
}

function grown(course: readonly Memory[]): string[] {
  const [warm, half, last] = [course[WARM_STEPS - 1], course[Math.floor(course.length / 2)], course.at(-1)]
  if (!warm || !half || !last) return ['memory was not measured']
  const flaws: string[] = []
  if (last.heap > warm.heap * GROWTH_MAX) flaws.push(`the heap grew from ${megabytes(warm.heap)} to ${megabytes(last.heap)} MB`)
  if (last.resident > half.resident * GROWTH_MAX)
    flaws.push(`memory grew in the second half from ${megabytes(half.resident)} to ${megabytes(last.resident)} MB`)
  return flaws
}

function add(counts: Record<string, number>, more: Record<string, number>): void {
  for (const [name, count] of Object.entries(more)) counts[name] = (counts[name] ?? 0) + count
}

function told({ heap, resident }: Memory): string {
  return `${megabytes(heap)} (${megabytes(resident)})`
}

function megabytes(bytes: number): string {
  return (bytes / 1e6).toFixed(1)
}
