import { describe, expect, test } from 'vitest'
import { examples, loadLine } from './event-schema.ts'
import { isPlain } from './plain-line.ts'

const [send, end] = (['send', 'end'] as const).map((kind) => examples.find((line) => line.kind === kind))
const everyField = {
  ...end,
  transport: 'reset',
  transportText: 'read: connection reset by peer',
  date: 'Thu, 01 Jan 2026 12:00:00 GMT',
  rateLimit: '"agent";r=0;t=2',
  rateLimitPolicy: '"agent";q=30;w=3',
  instance: 'server-1',
  challenge: 'Bearer error="invalid_token"',
  tenants: ['acme'],
  isError: true,
  replayed: true,
  sizeBytes: 812,
  hash: 'a1b2c3d4',
  correct: false,
}
const retry = { ...send, parent: 'st-k3v9-steady-01-t1-0', key: 'st-k3v9.w1' }
const values = ['', 'x', -1, 0, 1, 1.5, 10_000, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 60, true, false, null, {}, [], ['x']]

test.each([send, end, retry, everyField])('what the generators write is plain', (line) => {
  expect(loadLine.safeParse(line).success).toBe(true)
  expect(isPlain(line)).toBe(true)
})

describe.each([
  ['send', retry],
  ['end', everyField],
])('%s', (_, line) => {
  test.each(Object.keys(line))('whatever stands for %s, nothing is plain that the schema refuses', (field) => {
    const { [field]: _left, ...without } = line as Record<string, unknown>
    const changed = [without, ...values.map((value) => ({ ...without, [field]: value }))]
    expect(changed.filter((one) => isPlain(one) && !loadLine.safeParse(one).success)).toEqual([])
  })
})

test.each([null, 1, 'x', [], {}, { kind: 'start', atMs: 1 }, { kind: 'stop', seq: 1 }])(
  'the schema is asked about everything else',
  (line) => {
    expect(isPlain(line)).toBe(false)
  },
)
