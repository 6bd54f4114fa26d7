import { expect, test } from 'vitest'
import { flawOf } from './toxic-words.ts'

test.each([
  [{ toxic: 'latency', parameters: { delayMs: 300 } }],
  [{ toxic: 'latency', parameters: { delayMs: 300, jitterMs: 30, seed: 1 } }],
  [{ toxic: 'down' }],
  [{ toxic: 'down', parameters: { toxicity: 0.3, seed: 4 } }],
  [{ toxic: 'bandwidth', parameters: { bytesPerSecond: 9, stream: 'upstream' } }],
  [{ toxic: 'slicer', parameters: { sizeBytes: 1, delayMs: 0 } }],
])('%j is a toxic', (given) => {
  expect(flawOf(given)).toBeUndefined()
})

test.each([
  [undefined, 'toxic must be one of'],
  [{ toxic: 'constructor' }, 'toxic must be one of'],
  [{ toxic: 'latency' }, 'delayMs must be a number'],
  [{ toxic: 'latency', parameters: { delayMs: '300' } }, 'delayMs must be a number'],
  [{ toxic: 'latency', parameters: { delayMs: -1 } }, 'delayMs must be a number from 0'],
  [{ toxic: 'latency', parameters: { delayMs: 1, delay: 1 } }, 'no parameter delay; it has delayMs'],
  [{ toxic: 'bandwidth', parameters: { bytesPerSecond: 9, stream: 'sideways' } }, 'stream must be upstream or downstream'],
  [{ toxic: 'down', parameters: { toxicity: 2 } }, 'toxicity must be a number from 0 to 1'],
  [{ toxic: 'blackHole', parameters: { toxicity: 0.5 } }, 'no parameter toxicity'],
  [{ toxic: 'slicer', parameters: { sizeBytes: 0, delayMs: 0 } }, 'sizeBytes must be a number from 1'],
])('%j is none, and says why', (given, why) => {
  expect(flawOf(given)).toContain(why)
})
