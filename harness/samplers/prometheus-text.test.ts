import { describe, expect, it } from 'vitest'
import { parseSelector, parseSeries, select } from './prometheus-text.ts'

const TEXT = `# HELP db_pool_waiting Callers before the pool.
# TYPE db_pool_waiting gauge
db_pool_waiting{pool="cheap"} 3
db_pool_waiting{pool="expensive",instance="1"} 0.5 1700000000000
process_open_fds 12
breaker_state{dependency="postgres"} 1
odd_label{path="a,b} \\"c\\" {\\\\",line="1\\n2"} 7
acquire_seconds{quantile="0.99"} NaN
acquire_seconds_max +Inf
spaced { pool = "cheap" } 4
this is no line at all
broken{pool="cheap" 3
`

const read = (selector: string) => select(parseSeries(TEXT), parseSelector(selector))

describe('the Prometheus text', () => {
  it.each([
    ['db_pool_waiting', { '{pool="cheap"}': 3, '{pool="expensive",instance="1"}': 0.5 }],
    ['db_pool_waiting{pool="expensive"}', { '{pool="expensive",instance="1"}': 0.5 }],
    ['db_pool_waiting{instance="1", pool="expensive"}', { '{pool="expensive",instance="1"}': 0.5 }],
    ['process_open_fds', { '': 12 }],
    ['process_open_fds{}', { '': 12 }],
    ['spaced', { '{ pool = "cheap" }': 4 }],
    ['odd_label{path="a,b} \\"c\\" {\\\\"}', { '{path="a,b} \\"c\\" {\\\\",line="1\\n2"}': 7 }],
    ['breaker_state{dependency="postgres"}==1', { '{dependency="postgres"}': 1 }],
    ['breaker_state == 2', { '{dependency="postgres"}': 0 }],
    ['acquire_seconds_max==+Inf', { '': 1 }],
  ])('%s', (selector, values) => expect(read(selector)).toEqual(values))

  it.each(['no_such_series', 'db_pool', 'db_pool_waiting{pool="other"}', 'acquire_seconds', 'acquire_seconds_max', 'broken'])(
    'has nothing for %s',
    (selector) => expect(read(selector)).toEqual({}),
  )

  it.each(['', 'two words', 'name{pool=cheap', '1name', 'name==high', 'name > 3'])('refuses the selector %j', (selector) => {
    expect(() => parseSelector(selector)).toThrow(expect.objectContaining({ code: 'SELECTOR_INVALID' }))
  })
})
