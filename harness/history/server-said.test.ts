import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { Call } from './event.ts'
import type { History } from './history.ts'
import { type ServerLog, ServerLogs } from './server-log.ts'

const T0_MS = Date.parse('2026-03-01T09:30:00.000Z')
const call = { call: 'r7-a-1', phase: 'stress' } as Call
const history = {
  manifest: { t0Ms: T0_MS },
  plan: { endsAtMs: 27_000 },
  calls: [call],
} as unknown as History

let folder = ''
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'stampede-said-'))
  await mkdir(path.join(folder, 'raw'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

async function read(rawFolder: string): Promise<ServerLog> {
  await using logs = new ServerLogs({ rawFolder, run: 'r7', requestId: 'request_id', durationMs: undefined })
  return await logs.giveTo(history)
}

const at = (ms: number) => new Date(T0_MS + ms).toISOString()

it("keeps what the server said of itself during the load, and its calls' own times by phase", async () => {
  const lines = [
    { time: at(-900), msg: 'started', weakness: 'x' },
    { time: at(12_000), msg: 'breaker', state: 'open', failures: 20 },
    { time: at(12_400), request_id: 'r7-a-1', db_ms: 12.5, elapsedMs: 14, status: 200 },
    { time: at(12_500), request_id: 'probe-1', db_ms: 999 },
    { ts: (T0_MS + 14_000) / 1_000, msg: 'breaker', state: 'open' },
    { time: at(15_000), msg: 'breaker', state: 'open', failures: 31 },
    { time: at(40_000), msg: 'stopped' },
    { msg: 'no time' },
  ]
  await writeFile(path.join(folder, 'raw', 'server-1.log'), `${lines.map((line) => JSON.stringify(line)).join('\n')}\nnot json\n`)
  const { own, times } = (await read(path.join(folder, 'raw'))).said
  expect(own.map(({ times: often, firstMs, lastMs }) => [often, firstMs, lastMs])).toEqual([
    [2, 12_000, 15_000],
    [1, 14_000, 14_000],
  ])
  expect(call.server).toEqual({ instance: '1', durationMs: 14 })
  expect(times).toEqual(
    new Map([
      ['db_ms', new Map([['stress', [12.5]]])],
      ['elapsedMs', new Map([['stress', [14]]])],
    ]),
  )
})

it('is empty without a folder', async () => {
  expect(await read('/nowhere')).toMatchObject({ calls: 0, unknown: [], said: { own: [] } })
})
