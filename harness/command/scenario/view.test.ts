import { describe, expect, it } from 'vitest'
import type { LiveState } from '../../run/load-and-break.ts'
import { createScreen, type Stream } from './view.ts'

const none = { offered: 0, good: 0, late: 0, refused: 0, failed: 0 }
const state: LiveState = {
  phase: 'steady',
  leftMs: 9_000,
  totalMs: 20_000,
  counts: none,
  perSecond: { ...none, offered: 40, good: 40 },
  p95Ms: 12,
  sentLateMs: 0,
  faults: [],
  breakers: [{ name: 'postgres', open: false, spans: [] }],
  pools: [{ name: 'cheap', used: 1, waiting: 0, most: 4 }],
}

function terminal(more: Partial<Stream> = {}) {
  const written: string[] = []
  const stream: Stream = {
    isTTY: true,
    columns: 100,
    rows: 30,
    write: (text: string | Uint8Array) => {
      written.push(String(text))
      return true
    },
    ...more,
  }
  return { stream, written }
}

describe('on a terminal', () => {
  it('draws the lines anew in their place, and takes them away before anything is said', () => {
    const { stream, written } = terminal()
    const screen = createScreen(stream, {})
    screen.live(state)
    screen.live(state)
    expect(written[0]?.split('\n')).toHaveLength(4)
    expect(written[1]).toBe(`\u001b[3A\r\u001b[J${written[0]}`)
    screen.say('judging')
    expect(written.slice(2)).toEqual(['\u001b[3A\r\u001b[J', '· judging\n'])
    screen.say('done')
    expect(written.slice(4)).toEqual(['· done\n'])
  })

  it('goes back over as many rows as a narrower window has made of the lines', () => {
    const { stream, written } = terminal()
    const screen = createScreen(stream, { NO_COLOR: '1' })
    screen.live(state)
    stream.columns = 30
    const rows = (written[0] ?? '').split('\n').reduce((sum, line) => sum + Math.ceil([...line].length / 30), 0)
    screen.live(state)
    expect(written[1]?.startsWith(`\u001b[${rows - 1}A\r`)).toBe(true)
    for (const line of (written[1] ?? '').split('\u001b[J')[1]?.split('\n') ?? []) expect([...line].length).toBeLessThan(30)
  })

  it('takes one line in a low window, and has no colour with NO_COLOR', () => {
    const { stream, written } = terminal({ rows: 4 })
    const screen = createScreen(stream, { NO_COLOR: '1' })
    screen.live(state)
    expect(written.join('')).not.toMatch(/\p{Cc}/u)
    createScreen(stream, {}).live(state)
    expect(written[1]).toContain('\u001b[')
  })
})

describe('elsewhere', () => {
  it.each([
    ['a file', { isTTY: false }, {}],
    ['a terminal that can do nothing', { isTTY: true }, { TERM: 'dumb' }],
  ])('writes to %s a plain line every two seconds, and at each change', (_, more, env) => {
    const { stream, written } = terminal(more)
    let atMs = 10_000
    const screen = createScreen(stream, env, () => atMs)
    for (const step of [0, 500, 500, 1_100]) {
      atMs += step
      screen.live(state)
    }
    screen.live({ ...state, faults: ['redis-frozen'] })
    expect(written).toHaveLength(3)
    for (const line of written) expect(line).toMatch(/^steady\P{Cc}*\n$/u)
  })
})
