// HTML by template: whatever is put in is escaped unless it was itself made by a template, so forgetting is harmless.
// Values are first made plain (no control characters, one line, a bounded length). Attributes must stand in quotes.
// `trusted` is for text that we made ourselves: style sheets, charts, the page's script and what that reads.
import { plain } from './plain.ts'

const longestValue = 2_000

export class Markup {
  readonly text: string
  constructor(text: string) {
    this.text = text
  }
}

type Value = Markup | string | number | undefined | false | readonly Value[]

/** Undefined and false leave nothing; lists are joined. */
export function html(parts: TemplateStringsArray, ...values: Value[]): Markup {
  return new Markup(parts.reduce((before, part, i) => before + markup(values[i - 1]) + part))
}

function markup(value: Value): string {
  if (value === undefined || value === false) return ''
  if (value instanceof Markup) return value.text
  if (Array.isArray(value)) return value.map(markup).join('')
  return escaped(plain(value, longestValue))
}

/** Words with `names` between backticks, as our own texts and the checks' have them: those become <code>. */
export function prose(text: string): Markup {
  const parts = plain(text, longestValue).split('`')
  // An odd one out is a backtick and nothing else.
  if (parts.length % 2 === 0) return html`${text}`
  return html`${parts.map((part, i) => (i % 2 === 1 ? html`<code>${part}</code>` : part))}`
}

export function trusted(text: string): Markup {
  return new Markup(text)
}

const entities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' }

/** For HTML and XML alike. */
export function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (character) => entities[character] ?? character)
}
