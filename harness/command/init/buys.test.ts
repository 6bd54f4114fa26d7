import { expect, test } from 'vitest'
import { FIRST_RATE } from '../../init/target-text.ts'
import { target } from '../../target.ts'
import { discoverAll } from '../units.ts'
import { bought, boughtText } from './buys.ts'

const found = await discoverAll()
const unit = (value: ReturnType<typeof target>) => ({ id: 'mine', path: 'mine.ts', exportName: 'default', value })
const reads = { cheapRead: { name: 'a' }, expensiveRead: { name: 'b' } }

test('a bare target can be judged in part, and is told what each line would add', () => {
  const text = boughtText(bought(unit(target({ url: 'http://127.0.0.1:1/mcp', tools: reads })), found), 'runaway-loop')
  expect(text).toMatch(/^\d+ of \d+ checks of runaway-loop can be judged, \d+ more as far as they show from outside\n/)
  expect(text).toContain('for limiter-true add declared: { perAgent: { ratePerMinute: 60, burst: 10 } }')
})

test('a line that is added is bought', () => {
  const count = (value: ReturnType<typeof target>) => {
    const one = bought(unit(value), found).find(({ scenario }) => scenario === 'runaway-loop')
    return one && 'judged' in one ? one.judged : 0
  }
  const bare = { url: 'http://127.0.0.1:1/mcp', tools: reads }
  const declared = { perAgent: { ratePerMinute: 60, burst: 10 } }
  expect(count(target({ ...bare, declared }))).toBe(count(target(bare)) + 1)
})

test('the caps that init writes for another machine are enough for the first scenario, and the default is not', () => {
  const far = (ratePerSecondMax?: number) =>
    unit(
      target({
        url: 'https://s.example.com/mcp',
        tools: reads,
        safety: { hosts: ['s.example.com'], ...(ratePerSecondMax && { ratePerSecondMax }) },
      }),
    )
  const first = (rate?: number) => bought(far(rate), found).find(({ scenario }) => scenario === 'runaway-loop')
  expect(first(FIRST_RATE)).toHaveProperty('judged')
  expect(first()).toMatchObject({ refused: { code: 'CAP_EXCEEDED' } })
})

test('without a read nothing can be run, and the first thing in the way is said', () => {
  expect(boughtText(bought(unit(target({ url: 'http://127.0.0.1:1/mcp' })), found), 'runaway-loop')).toMatch(
    /No scenario can be run yet: .*role/,
  )
})
