import { describe, expect, it } from 'vitest'
import { everything, hostile } from './example/hostile.ts'
import { plain, short } from './plain.ts'

describe('plain', () => {
  it('leaves an ordinary name as it is, in any script', () => {
    for (const name of ['list_tables', 'Größe 3 µs', '表の一覧', 'قائمة', '👩‍👩‍👧']) expect(plain(name)).toBe(name)
  })

  it('takes out terminal sequences and shows other control characters by number', () => {
    expect(plain(hostile.terminal)).toBe('redbell\\u{7} next\\u{0}')
  })

  it('shows marks that reorder a line', () => {
    expect(plain(hostile.bidi)).toBe('invoice\\u{202e}gnp.exe\\u{2066}\\u{200f} line ')
  })

  it('lets no control, format or unpaired character through', () => {
    const text = plain(everything, 5_000)
    expect(text).not.toMatch(/[\p{Cc}\p{Cs}\p{Zl}\p{Zp}]|(?![\u200c\u200d])\p{Cf}/u)
    expect(text.isWellFormed()).toBe(true)
  })

  it('cuts a megabyte and says how much there was', () => {
    expect(plain(hostile.megabyte, 10)).toBe('AAAAAAAAAA… (1,000,000 characters)')
  })

  it('cuts between characters, not inside one', () => {
    expect(plain('😀😀😀', 2)).toBe('😀😀… (6 characters)')
    expect(short('😀😀😀', 2)).toBe('😀…')
  })

  it('bounds marks that are stacked on one letter', () => {
    expect([...plain(`e${'\u0301'.repeat(100)}`)].length).toBe(5)
  })

  it('takes what is no text', () => {
    expect(plain(undefined)).toBe('undefined')
    expect(plain(42)).toBe('42')
  })
})
