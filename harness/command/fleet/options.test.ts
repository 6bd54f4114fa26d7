import { expect, test } from 'vitest'
import { parseScenarioOptions } from '../scenario/options.ts'
import { assertFleetMeant, SMALLEST_FLEET } from './options.ts'

test('nothing is said of a fleet unless one of its options is given', () => {
  expect(parseScenarioOptions(['x']).cluster).toBeUndefined()
  expect(parseScenarioOptions(['x', '--into', 'f']).cluster).toEqual({ ...SMALLEST_FLEET, into: 'f' })
  expect(parseScenarioOptions(['x', '--parallelism', '4', '--k6-image', 'i', '--with-tokens']).cluster).toEqual({
    ...SMALLEST_FLEET,
    parallelism: 4,
    k6Image: 'i',
    withTokens: true,
  })
})

test('a fleet without a cluster is refused, and a number that is none', () => {
  expect(() => assertFleetMeant(parseScenarioOptions(['x', '--image', 'i']).cluster)).toThrow(
    expect.objectContaining({ code: 'BAD_OPTION', hint: expect.stringContaining('--kubernetes <context>') }),
  )
  expect(() => assertFleetMeant(parseScenarioOptions(['x', '--kubernetes', 'kind', '--image', 'i']).cluster)).not.toThrow()
  expect(() => parseScenarioOptions(['x', '--parallelism', '0'])).toThrow(expect.objectContaining({ code: 'BAD_OPTION' }))
  expect(() => parseScenarioOptions(['x', '--kubernetes'])).toThrow(expect.objectContaining({ code: 'BAD_OPTION' }))
})
