// 100,000 bad requests to one server process (reference-server/abuse.integration.test.ts sends 5,000 of them on every change): nothing
// it answers may be wrong, its memory after all of them is that after the first fifth, and good calls are answered at once.
import { openFuzzedDesk } from '../fixtures/fuzz/desk.ts'

const COUNT = 100_000
const WARM = 20_000
const GOOD_CALL_MS = 100
const GROWTH_MAX = 1.15
const GROWTH_MAX_BYTES = 20_000_000

/** @returns what was seen, in a few lines. @throws when something did not hold */
export async function run(count = COUNT, seed = 1): Promise<string> {
  const begunMs = performance.now()
  await using desk = await openFuzzedDesk()
  const warm = await desk.fuzz(Math.min(WARM, count / 5), seed)
  const before = await desk.memory()
  const { byKind, byStatus, problems } = await desk.fuzz(count - warm.sent, seed + 1, async (sent) => {
    if (sent % 10_000 === 0) process.stderr.write(`${sent} bad requests sent\n`)
  })
  const after = await desk.memory()
  const times = (await desk.goodCalls(51)).toSorted((a, b) => a - b)
  const goodMs = times[25] ?? Number.POSITIVE_INFINITY
  const flaws = [...warm.problems, ...problems]
  if (goodMs > GOOD_CALL_MS) flaws.push(`a good call took ${goodMs.toFixed(1)} ms afterwards`)
  if (after > before * GROWTH_MAX + GROWTH_MAX_BYTES) flaws.push(`memory grew from ${megabytes(before)} to ${megabytes(after)}`)
  if (desk.server.child.exitCode !== null) flaws.push('the server ended')
  const said = [
    `${count} bad requests in ${Math.round((performance.now() - begunMs) / 1_000)} s; by status ${JSON.stringify(byStatus)}`,
    `by kind ${JSON.stringify(byKind)}`,
    `memory ${megabytes(before)} after ${warm.sent}, ${megabytes(after)} at the end; a good call right after: ${goodMs.toFixed(1)} ms (median of 51)`,
  ].join('\n')
  if (flaws.length > 0) throw new Error(`${said}\n${flaws.slice(0, 20).join('\n')}`)
  return said
}

function megabytes(bytes: number): string {
  return `${Math.round(bytes / 1_000_000)} MB`
}
