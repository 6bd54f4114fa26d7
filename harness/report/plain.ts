// Data as text that cannot act. Names, messages and bodies come from the server under test and are printed in a terminal,
// a page, an XML file and a Markdown table: escape sequences there repaint a screen, a right-to-left mark reorders a line
// (CVE-2021-42574, "Trojan Source"), a megabyte of one word breaks a layout.
// Sequences are taken out; other characters that have no shape of their own are shown by number; all becomes one line.
// Parameter: `longest`, in characters, default 300. Not here: the escaping that each format needs besides.
import { stripVTControlCharacters } from 'node:util'
import { number } from './figures.ts'

/** For a command to type: half of one is none. */
export const COMMAND_LONGEST = 2_000

/** Nearly all texts have nothing of it, and stay as they are. */
const notPlain = /[^ -~]| {2}/
// Joiners (U+200C, U+200D) stay: several scripts and emoji are wrong without them.
const unseen = /(?![\u200c\u200d])[\p{Cc}\p{Cf}\p{Co}\ufff9-\uffff]/gu
const stackedMarks = /(\p{M}{4})\p{M}+/gu

/** One line of visible characters, at most `longest` of them, then how many more there were. */
export function plain(value: unknown, longest = 300): string {
  const whole = typeof value === 'string' ? value : String(value)
  if (whole.length <= longest && !notPlain.test(whole)) return whole
  // Cut before any pattern runs: what follows costs the same for a word and for a megabyte.
  const head = whole.slice(0, longest * 4).toWellFormed()
  const line = stripVTControlCharacters(head)
    .replace(/\s+/gu, ' ')
    .replace(unseen, (character) => `\\u{${character.codePointAt(0)?.toString(16)}}`)
    .replace(stackedMarks, '$1')
  const characters = Array.from(line)
  if (characters.length <= longest && head.length === whole.length) return line
  const shown = characters.slice(0, longest).join('')
  return `${shown}… (${number(whole.length)} characters)`
}

/** The start of a name, for places of a fixed width: the sign for "cut" counts as one of `longest`. */
export function short(value: unknown, longest: number): string {
  const line = plain(value, longest * 2)
  if (line.length <= longest) return line
  const characters = Array.from(line)
  return characters.length <= longest ? characters.join('') : `${characters.slice(0, longest - 1).join('')}…`
}
