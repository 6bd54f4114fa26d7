// Without a collector's address nothing is made; with one that is away, spans do not pile up and stopping does not wait.

import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { createServer } from 'node:net'
import v8 from 'node:v8'
import vm from 'node:vm'
import { expect, test } from 'vitest'
import { sampleCall, served } from './fixtures/call.ts'
import { createTraces, parentIn } from './traces.ts'

const settings = { OTEL_SERVICE_NAME: 'desk', INSTANCE: 'a' }
const message = { method: 'tools/call', tool: 'list_tables', parent: undefined, ageMs: 0 }

test('off: no span, no cost', async () => {
  const traces = createTraces({ ...settings, OTEL_EXPORTER_OTLP_ENDPOINT: '' })
  expect(traces.begin(message)).toBeUndefined()
  await traces.close(0)
})

test.each([
  [
    '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
    { traceId: '0af7651916cd43dd8448eb211c80319c', spanId: 'b7ad6b7169203331', flags: 1 },
  ],
  ['00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00', { flags: 0 }],
  ['cc-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-what-comes-later', { flags: 1 }],
  ['ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01', undefined],
  ['00-00000000000000000000000000000000-b7ad6b7169203331-01', undefined],
  ['00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01', undefined],
  ['00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01', undefined],
  [['00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'], undefined],
])('%s', (text, parent) => {
  if (parent) expect(parentIn(text)).toMatchObject(parent)
  else expect(parentIn(text)).toBeUndefined()
})

test("an agent's decision not to sample is passed on", () => {
  const traces = createTraces({ ...settings, OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:9' })
  const parent = parentIn('00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00')
  expect(traces.begin({ ...message, parent })?.child('x').traceparent).toMatch(/^00-0af7651916cd43dd8448eb211c80319c-[0-9a-f]{16}-00$/)
})

test('a collector that takes connections and never answers: memory stays, and stopping takes no longer than it may', async () => {
  const silent = createServer().listen(0, '127.0.0.1')
  await once(silent, 'listening')
  const traces = createTraces({ ...settings, OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${(silent.address() as AddressInfo).port}` })
  const some = (count: number): void => {
    for (let i = 0; i < count; i++) {
      const call = sampleCall()
      const trace = traces.begin(message)
      trace?.child('postgres read').end()
      trace?.end(call, served)
    }
  }
  some(2_000)
  const before = heapUsed()
  some(10_000)
  expect(heapUsed() - before).toBeLessThan(4_000_000)
  const begunMs = performance.now()
  await traces.close(200)
  expect(performance.now() - begunMs).toBeLessThan(1_000)
  silent.close()
})

/** After a collection of garbage. */
function heapUsed(): number {
  v8.setFlagsFromString('--expose-gc')
  ;(vm.runInNewContext('gc') as () => void)()
  return process.memoryUsage().heapUsed
}
