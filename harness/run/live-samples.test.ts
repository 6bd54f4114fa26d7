import { expect, test } from 'vitest'
import { LiveSamples } from './live-samples.ts'

test('a breaker is open from the first instance that opens it to the last that closes it', () => {
  const live = new LiveSamples()
  const read = (instance: string, value: number, atMs: number) =>
    live.take({ instance, values: { 'breakerOpen{dependency="postgres"}': value } }, atMs)
  read('1', 0, 500)
  read('1', 1, 1_000)
  read('2', 1, 1_200)
  read('1', 0, 1_500)
  expect(live.breakers).toEqual([{ name: 'postgres', open: true, spans: [{ fromMs: 1_000, toMs: 1_500 }] }])
  read('2', 0, 2_000)
  read('1', 1, 3_000)
  read('1', 0, 3_500)
  const spans = [
    { fromMs: 1_000, toMs: 2_000 },
    { fromMs: 3_000, toMs: 3_500 },
  ]
  expect(live.breakers).toEqual([{ name: 'postgres', open: false, spans }])
})

test('of a breaker that flaps the newest stretches are kept, as long as they were', () => {
  const live = new LiveSamples()
  for (let n = 0; n < 200; n++) live.take({ values: { breakerOpen: n % 2 } }, n * 100)
  const spans = live.breakers[0]?.spans ?? []
  expect(spans).toHaveLength(64)
  expect(spans.at(-1)).toEqual({ fromMs: 19_900, toMs: 19_900 })
  expect(spans.slice(0, -1).every(({ fromMs, toMs }) => toMs - fromMs === 100)).toBe(true)
})

test('pools are counted over all instances, by their label without its state', () => {
  const live = new LiveSamples()
  live.take({ instance: '1', values: { 'poolUsed{pool="cheap",state="used"}': 3, 'poolWaiting{pool="cheap"}': 2, other: 9 } }, 0)
  live.take({ instance: '2', values: { 'poolUsed{pool="cheap",state="used"}': 4 } }, 0)
  live.take({ instance: '1', values: { 'poolUsed{pool="cheap",state="used"}': 1 } }, 500)
  expect(live.pools).toEqual([{ name: 'cheap', used: 5, waiting: 2, most: 7 }])
})

test('shows no more than six of a kind', () => {
  const live = new LiveSamples()
  for (let n = 0; n < 50; n++) live.take({ values: { [`poolUsed{pool="p${n}"}`]: 1 } }, 0)
  expect(live.pools).toHaveLength(6)
})
