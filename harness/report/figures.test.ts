import { describe, expect, it } from 'vitest'
import { count, figure, limitFigure, moment, number, percent, size } from './figures.ts'

describe('figures', () => {
  it.each([
    [0, '0'],
    [0.01234, '0.012'],
    [4.567, '4.57'],
    [4.5, '4.5'],
    [41, '41'],
    [41.25, '41.3'],
    [1080, '1,080'],
    [1_234_567.8, '1,234,568'],
    [-3.5, '−3.5'],
    [Number.NaN, '–'],
    [Number.POSITIVE_INFINITY, '∞'],
  ])('writes %d as %s', (value, text) => {
    expect(number(value)).toBe(text)
  })

  it.each([
    [412, 'ms', '412 ms'],
    [12_400, 'ms', '12.4 s'],
    [0.931, 'of 1', '93.1 %'],
    [3.25, '×', '3.25×'],
    [84, '/s', '84/s'],
    [1_200_000, 'bytes', '1.2 MB'],
    [41, 'rows', '41 rows'],
    [41, undefined, '41'],
  ])('writes %d %s as %s', (value, unit, text) => {
    expect(figure(value, unit)).toBe(text)
  })

  it('does not round a miss up to the whole', () => {
    expect(percent(0.9996)).toBe('99.9 %')
    expect(percent(1)).toBe('100 %')
  })

  it('says the phrase of a unit once', () => {
    expect(limitFigure(0, 'refusals without guidance')).toBe('0')
    expect(limitFigure(0.95, 'of 1')).toBe('95 %')
  })

  it('keeps moments aligned and marks what is absent', () => {
    expect(moment(11_125.4)).toBe('11.125')
    expect(moment(undefined)).toBe('–')
    expect(figure(undefined, 'ms')).toBe('–')
  })

  it('counts in words', () => {
    expect([count(1, 'call'), count(1200, 'call')]).toEqual(['1 call', '1,200 calls'])
    expect(size(999)).toBe('999 B')
  })
})
