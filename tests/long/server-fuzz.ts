// 100,000 bad requests to one server process (reference-server/abuse.integration.test.ts sends 5,000 of them on every change): nothing
// it answers may be wrong, its heap after all of them is that after the first fifth, and good calls are answered at once.
import { type Memory, openFuzzedDesk } from '../fixtures/fuzz/desk.ts'

const COUNT = 100_000
const WARM = 20_000
const GOOD_CALL_MS = 100
/** Of the heap after a full collection, over the last four fifths; and of the process over its second half, once the allocator has settled. */
const GROWTH_MAX = 1.1

/** @returns what was seen, in a few lines. @throws when something did not hold */
export async function run(count = COUNT, seed = 1): Promise<string> {
  const begunMs = performance.now()
  await using desk = await openFuzzedDesk()
  const warm = await desk.fuzz(Math.min(WARM, count / 5), seed)
  const before = await desk.memory()
  const course: Memory[] = []
  const { byKind, byStatus, problems } = await desk.fuzz(count - warm.sent, seed + 1, async (sent) => {
    if (sent % 10_000 !== 0) return
    const now = await desk.memory()
    course.push(now)
    process.stderr.write(`${sent} bad requests sent; ${told(now)}\n`)
  })
  const after = await desk.memory()
  const half = course[Math.floor(course.length / 2)] ?? before
  const times = (await desk.goodCalls(51)).toSorted((a, b) => a - b)
  const goodMs = times[25] ?? Number.POSITIVE_INFINITY
  const flaws = [...warm.problems, ...problems]
  if (goodMs > GOOD_CALL_MS) flaws.push(`a good call took ${goodMs.toFixed(1)} ms afterwards`)
  if (after.heap > before.heap * GROWTH_MAX) flaws.push(`the heap grew from ${megabytes(before.heap)} to ${megabytes(after.heap)}`)
  if (after.resident > half.resident * GROWTH_MAX)
    flaws.push(`memory grew in the second half from ${megabytes(half.resident)} to ${megabytes(after.resident)}`)
  if (desk.server.child.exitCode !== null) flaws.push('the server ended')
  const said = [
    `${count} bad requests in ${Math.round((performance.now() - begunMs) / 1_000)} s; by status ${JSON.stringify(byStatus)}`,
    `by kind ${JSON.stringify(byKind)}`,
    `after ${warm.sent}: ${told(before)}; at the end: ${told(after)}`,
    `a good call right after: ${goodMs.toFixed(1)} ms (median of 51)`,
  ].join('\n')
  if (flaws.length > 0) throw new Error(`${said}\n${flaws.slice(0, 20).join('\n')}`)
  return said
}

function told({ resident, heap }: Memory): string {
  return `${megabytes(resident)} of memory, ${megabytes(heap)} of it heap after collection`
}

function megabytes(bytes: number): string {
  return `${Math.round(bytes / 1_000_000)} MB`
}
