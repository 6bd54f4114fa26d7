import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import type { Call } from './event.ts'
import type { History } from './history.ts'
import { ServerLogs } from './server-log.ts'

let folder = ''
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'stampede-server-log-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

const opened = () => new ServerLogs({ rawFolder: folder, run: 'r7', requestId: 'id', durationMs: 'took_ms' })
const historyOf = (calls: string[]) =>
  ({
    manifest: { t0Ms: 0 },
    plan: { endsAtMs: 1_000 },
    calls: calls.map((call) => ({ call, phase: 'stress' }) as Call),
  }) as unknown as History

it('gives every call its line of logs that are longer than what is read at once', async () => {
  const ids = Array.from({ length: 40_000 }, (_, n) => `r7-a-${n}`)
  const lines = ids.map((id, n) => JSON.stringify({ id, took_ms: n / 4, ...(n % 3 === 0 && { db_ms: n }), text: 'x'.repeat(60) }))
  await writeFile(path.join(folder, 'server-1.log'), `${lines.slice(0, 30_000).join('\n')}\n`)
  await writeFile(path.join(folder, 'server-2.log'), `${lines.slice(25_000).join('\n')}\n`)
  const history = historyOf(ids.slice(1))
  await using logs = opened()
  const { calls, unknown, twice, said } = await logs.giveTo(history)
  expect({ calls, unknown, twice }).toEqual({ calls: 40_000, unknown: ['r7-a-0'], twice: ids.slice(25_000, 30_000) })
  expect(history.calls.map(({ server }) => server)).toEqual(
    ids.slice(1).map((_, n) => ({ instance: n + 1 < 30_000 ? '1' : '2', durationMs: (n + 1) / 4 })),
  )
  // Times are of calls that are known, and bounded.
  expect(said.times.get('took_ms')?.get('stress')).toHaveLength(20_000)
  expect(said.times.get('db_ms')?.get('stress')?.slice(0, 3)).toEqual([3, 6, 9])
})

it('tells of a log that cannot be read', async () => {
  await mkdir(path.join(folder, 'server-1.log'))
  await using logs = opened()
  await expect(logs.giveTo(historyOf([]))).rejects.toThrow(/EISDIR/)
})

it('ends with whoever wanted it, read or not', async () => {
  await writeFile(path.join(folder, 'server-1.log'), '{"id":"r7-a-1"}\n'.repeat(200_000))
  const logs = opened()
  await logs[Symbol.asyncDispose]()
  await expect(logs.giveTo(historyOf([]))).resolves.toMatchObject({ calls: 0 })
})
