import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, test } from 'vitest'
import { BUILT_IN, looking, parseHalt, watchHalts } from './halt.ts'
import { assertAskable, watchPromql } from './halt-promql.ts'
import type { LiveFigures } from './live.ts'

const counts = (good: number, failed: number, refused = 0) => ({ offered: good + failed + refused, good, late: 0, refused, failed })
const figures = (good: number, failed: number, refused = 0, p95Ms = 0) => ({ counts: counts(good, failed, refused), p95Ms }) as LiveFigures

test('it halts once the share has been beyond the limit all the time, and not before', () => {
  const look = looking(parseHalt(BUILT_IN))
  expect(look(figures(100, 0), 0)).toBeUndefined()
  expect(look(figures(110, 30), 1_000)).toBeUndefined()
  expect(look(figures(120, 60), 10_900)).toBeUndefined()
  expect(look(figures(130, 90), 11_000)).toBe(0.75)
})

test('one good look begins it anew; looks without an answer change nothing', () => {
  const look = looking(parseHalt('errorShare>0.5 for 2s'))
  expect(look(figures(0, 10), 0)).toBeUndefined()
  expect(look(figures(10, 10), 1_000)).toBeUndefined()
  expect(look(figures(10, 20), 1_500)).toBeUndefined()
  expect(look(figures(10, 20), 3_000)).toBeUndefined()
  expect(look(figures(10, 30), 3_500)).toBe(1)
})

test('refusals are no errors, and can be watched by themselves', () => {
  expect(looking(parseHalt('errorShare>0.5 for 1s'))(figures(1, 0, 99), 5_000)).toBeUndefined()
  const refused = looking(parseHalt('refusedShare > 0.9 for 1 s'))
  refused(figures(1, 0, 99), 0)
  expect(refused(figures(2, 0, 198), 1_000)).toBe(0.99)
  const slow = looking(parseHalt('p95Ms>2000 for 1s'))
  slow(figures(1, 0, 0, 3_000), 0)
  expect(slow(figures(2, 0, 0, 3_000), 1_000)).toBe(3_000)
})

test.each(['errorShare>0.5', 'errors>0.5 for 10s', 'errorShare>0.5 for 0s', 'errorShare=1 for 5s', ''])(
  '%j is refused with what may be',
  (text) => {
    expect(() => parseHalt(text)).toThrow(expect.objectContaining({ code: 'BAD_OPTION', hint: expect.stringContaining(BUILT_IN) }))
  },
)

test('after as many calls as may be sent it is over', async () => {
  let offered = 0
  const said: string[] = []
  const grows = () => {
    offered += 70
    return { ...figures(0, 0), counts: { ...counts(0, 0), offered } } as LiveFigures
  }
  await watchHalts({
    rules: [],
    figures: grows,
    calls: { max: 100, endAfter: 80 },
    halt: (why) => said.push(why),
    signal: AbortSignal.timeout(5_000),
  })
  expect(said).toEqual(['140 calls were sent; the cap is 100'])
})

async function prometheus(answers: (string | number)[]) {
  const asked: string[] = []
  const server = createServer((request, response) => {
    asked.push(decodeURIComponent(request.url ?? ''))
    const answer = answers[Math.min(asked.length, answers.length) - 1]
    if (typeof answer === 'number') response.writeHead(answer, { location: 'http://127.0.0.1:1/' }).end()
    else response.end(`{"status":"success","data":${answer}}`)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked, [Symbol.dispose]: () => server.close() }
}

const EMPTY = '{"resultType":"vector","result":[]}'
const FIRES = '{"resultType":"vector","result":[{"metric":{},"value":[1,"1"]}]}'
const { signal } = new AbortController()

test('an expression that holds before the run refuses it, one that does not lets it begin', async () => {
  using quiet = await prometheus([EMPTY])
  await assertAskable({ expression: 'up == 0', url: quiet.url }, signal)
  expect(quiet.asked).toEqual(['/api/v1/query?query=up+==+0'])
  using fires = await prometheus([FIRES])
  await expect(assertAskable({ expression: 'up == 0', url: fires.url }, signal)).rejects.toMatchObject({ code: 'HALTED' })
  using scalar = await prometheus(['{"resultType":"scalar","result":[1,"0"]}'])
  await assertAskable({ expression: '0', url: scalar.url }, signal)
})

test.each([500, 307])('a Prometheus that answers %s is no Prometheus', async (status) => {
  using broken = await prometheus([status])
  await expect(assertAskable({ expression: 'up', url: broken.url }, signal)).rejects.toMatchObject({ code: 'PROMETHEUS_SILENT' })
})

test('it halts when the expression holds', async () => {
  using fires = await prometheus([FIRES])
  const said: string[] = []
  await watchPromql({ expression: 'x > 1', url: fires.url }, (why) => said.push(why), AbortSignal.timeout(10_000))
  expect(said).toEqual(['x > 1 holds'])
})
