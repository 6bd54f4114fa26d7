import { stripVTControlCharacters } from 'node:util'
import { describe, expect, it } from 'vitest'
import { hostile } from './example/hostile.ts'
import { type LiveState, liveLine, liveLines } from './live-lines.ts'

const state: LiveState = {
  phase: 'stress',
  leftMs: 12_300,
  totalMs: 24_600,
  perSecond: { offered: 181.2, good: 92, late: 0, refused: 31, failed: 2.24 },
  p95Ms: 41.6,
  sentLateMs: 3.2,
  faults: ['postgres-latency'],
  breakers: [
    { name: 'postgres', open: true, spans: [{ fromMs: 6_150, toMs: 12_300 }] },
    { name: 'redis', open: false, spans: [] },
  ],
  pools: [
    { name: 'cheap', used: 4, waiting: 12, most: 4 },
    { name: 'expensive', used: 2, waiting: 0, most: 4 },
    { name: 'write', used: 0, waiting: 0, most: 0 },
  ],
}
const columns = (text: string) => [...stripVTControlCharacters(text)].length

describe('the live view', () => {
  it('says phase, time left and faults; rates; breakers as lanes; pools as bars', () => {
    expect(liveLines(state, { width: 120, colour: false })).toEqual([
      'stress      ████████░░░░░░░░  13 s left  ! postgres-latency',
      'a second    offered  181  good   92  refused   31  failed  2.2  p95 42 ms  sent 3 ms late',
      'breakers    postgres ──────███████··········· open  redis ─────────────···········',
      'pools       cheap ████████ 4 +12 waiting  expensive ████░░░░ 2',
    ])
  })

  it('has no line for what the target does not show', () => {
    expect(liveLines({ ...state, breakers: [], pools: [] }, { width: 120, colour: false })).toHaveLength(2)
  })

  it.each([20, 40, 60, 80, 120])('fits into %d columns, keeping the phase, what is good, and what is open', (width) => {
    for (const colour of [true, false]) {
      const lines = liveLines(state, { width, colour })
      expect(Math.max(...lines.map(columns))).toBeLessThanOrEqual(width)
      const [phase, rates, lanes] = lines.map(stripVTControlCharacters)
      expect(phase).toMatch(/^stress/)
      expect(rates).toContain('good')
      expect(lanes).toContain('postgres')
    }
  })

  it('has room for three breakers, their label and one that is open in 100 columns', () => {
    const three = ['postgres', 'redis', 'upstream'].map((name) => ({ name, open: name === 'redis', spans: [] }))
    const lanes = liveLines({ ...state, breakers: three }, { width: 99, colour: false })[2]
    expect(lanes).toMatch(/^breakers {4}postgres ─+·+ {2}redis ─+·+ open {2}upstream ─+·+$/)
  })

  it('says loudly when the generator is late', () => {
    expect(liveLine({ ...state, sentLateMs: 80 }, { width: 40, colour: false })).toContain('sent 80 ms late')
  })

  it('is coloured only when asked', () => {
    expect(liveLines(state, { width: 100, colour: false }).join('')).not.toContain('\u001b')
    expect(liveLines(state, { width: 100, colour: true }).join('')).toContain('\u001b[')
  })

  it('keeps to its lines whatever things are called', () => {
    const evil = { ...state, phase: hostile.terminal, faults: [hostile.terminal, hostile.megabyte] }
    const named = {
      ...evil,
      breakers: [{ name: hostile.bidi, open: true, spans: [] }],
      pools: [{ name: hostile.megabyte, used: 1, waiting: 1, most: 1 }],
    }
    for (const line of [...liveLines(named, { width: 120, colour: false }), liveLine(named, { width: 120, colour: false })]) {
      expect(line).not.toMatch(/[\p{Cc}\p{Zl}\p{Zp}]|(?![\u200c\u200d])\p{Cf}/u)
      expect(columns(line)).toBeLessThanOrEqual(120)
    }
  })
})

describe('the plain line', () => {
  it('says it in one line', () => {
    expect(liveLine(state, { width: 200, colour: false })).toBe(
      'stress      ████████░░░░░░░░  13 s left  ! postgres-latency  offered 181/s  good 92/s  refused 31/s  failed 2.2/s  p95 42 ms  sent 3 ms late',
    )
  })
})
