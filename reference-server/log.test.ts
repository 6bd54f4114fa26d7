import { createHmac } from 'node:crypto'
import { mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { expect, test } from 'vitest'
import { sampleCall, served } from './fixtures/call.ts'
import { createLog, type Log, type RequestLine } from './log.ts'
import { createInvoice } from './tools/create-invoice.ts'

/** All that is written until the log is closed. */
async function written(write: (log: Log) => void, level: 'info' | 'warn' = 'info'): Promise<Record<string, unknown>[]> {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'ledger-desk-log-'))
  try {
    const file = path.join(folder, 'log')
    const log = createLog({ INSTANCE: 'i1', LOG_LEVEL: level, LOG_HASH_KEY: 'k' }, openSync(file, 'a'))
    write(log)
    await log.close(5_000)
    const lines = readFileSync(file, 'utf8').trimEnd().split('\n')
    return lines.filter((line) => line !== '').map((line) => JSON.parse(line) as Record<string, unknown>)
  } finally {
    rmSync(folder, { recursive: true })
  }
}

const request = (more: Partial<RequestLine> = {}): RequestLine => ({
  requestId: 'r1',
  call: sampleCall(),
  answer: served,
  durationMs: 1.234,
  gone: false,
  ...more,
})

test("a request's line looks like every other: level, time and instance first, its message last", async () => {
  const [line = {}, event = {}] = await written((log) => {
    log.request(request())
    log.event('started')
  })
  const frame = (of: Record<string, unknown>): string[] => [...Object.keys(of).slice(0, 3), Object.keys(of).at(-1) ?? '']
  expect(frame(line)).toEqual(frame(event))
  expect([typeof line.time, line.level, line.instance]).toEqual([typeof event.time, event.level, event.instance])
  expect(new Date(line.time as string).toISOString()).toBe(line.time)
  expect(line).toMatchObject({ msg: 'request', request_id: 'r1', tenant: 't0', status: 'success', duration_ms: 1.23 })
})

test('arguments are names, sizes and a hash that nobody makes without the key; never a value', async () => {
  const given = { customer: 'Ä & "Söhne"', amountCents: 4_711 }
  const [line = {}, none = {}] = await written((log) => {
    log.request(request({ call: sampleCall({ tool: createInvoice, arguments: given }) }))
    log.request(request())
  })
  const hashOf = (text: string): string => createHmac('sha256', 'k').update(text).digest('base64url').slice(0, 16)
  expect(line).toMatchObject({ argument_names: ['customer', 'amountCents'], argument_hash: hashOf(JSON.stringify(given)) })
  expect(none).toMatchObject({ argument_names: [], argument_hash: hashOf('{}'), argument_bytes: 2 })
  expect(JSON.stringify(line)).not.toMatch(/Söhne|4711/)
})

test('a level above info has no line for each request', async () => {
  const lines = await written((log) => {
    log.request(request())
    log.problem('x', new Error('y'))
  }, 'warn')
  expect(lines.map(({ msg }) => msg)).toEqual(['x'])
})

test('lines are whole and in order, however many leave together', async () => {
  const lines = await written((log) => {
    for (let i = 0; i < 200; i++) log.request(request({ requestId: `r${i}` }))
  })
  expect(lines.map(({ request_id }) => request_id)).toEqual(Array.from({ length: 200 }, (_, i) => `r${i}`))
})
