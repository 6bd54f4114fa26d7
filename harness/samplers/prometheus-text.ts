// Reads the Prometheus text format (exposition format 0.0.4), as far as numbers go: `name{label="value"} 12.5 [time]`.
// Comments and lines that are none of these are passed over: one odd line must not hide the others.
// A selector names series as in a query: `name`, `name{label="value"}` (the labels named must be equal, others are free),
// and with `==value` it asks whether the value is just that: 1 or 0.
import { HarnessError } from '../errors.ts'

export interface Series {
  name: string
  labels: Record<string, string>
  /** As in the text, braces included; empty when there are none. */
  labelText: string
  value: number
}

export interface Selector {
  name: string
  labels: Record<string, string>
  equals?: number
}

const NAME = '[a-zA-Z_:][\\w:]*'
const LABELS = '\\{(?:[^"}]|"(?:[^"\\\\]|\\\\.)*")*\\}'
const LINE = new RegExp(`^(${NAME})\\s*(${LABELS})?\\s+(\\S+)(?:\\s+-?\\d+)?\\s*$`)
const SELECTOR = new RegExp(`^\\s*(${NAME})\\s*(${LABELS})?\\s*(?:==\\s*(\\S+))?\\s*$`)
const LABEL = /([a-zA-Z_]\w*)\s*=\s*"((?:[^"\\]|\\.)*)"/g

export function parseSeries(text: string): Series[] {
  return text.split('\n').flatMap((line) => {
    if (line.startsWith('#')) return []
    const [, name, labelText = '', written] = LINE.exec(line) ?? []
    const value = numberOf(written)
    if (name === undefined || value === undefined) return []
    return [{ name, labels: labelsOf(labelText), labelText: labelText === '{}' ? '' : labelText, value }]
  })
}

/** @throws HarnessError `SELECTOR_INVALID` with the text quoted */
export function parseSelector(text: string): Selector {
  const [, name, labelText = '', written] = SELECTOR.exec(text) ?? []
  const equals = numberOf(written)
  if (name === undefined || (written !== undefined && equals === undefined)) {
    const hint = 'write name, name{label="value"} or name{label="value"}==1'
    throw new HarnessError('SELECTOR_INVALID', `${JSON.stringify(text)} names no series`, hint)
  }
  return { name, labels: labelsOf(labelText), ...(equals !== undefined && { equals }) }
}

/** The matching series' values by label text: `{pool="cheap"}` → 3. Values that are no finite number are left out. */
export function select(series: readonly Series[], { name, labels, equals }: Selector): Record<string, number> {
  const matching = series.filter(
    (one) => one.name === name && Object.entries(labels).every(([label, value]) => one.labels[label] === value),
  )
  const values = matching.map(({ labelText, value }) => [labelText, equals === undefined ? value : Number(value === equals)] as const)
  return Object.fromEntries(values.filter(([, value]) => Number.isFinite(value)))
}

function labelsOf(text: string): Record<string, string> {
  return Object.fromEntries([...text.matchAll(LABEL)].map(([, label = '', value = '']) => [label, unescaped(value)]))
}

function unescaped(value: string): string {
  return value.replace(/\\(.)/g, (_, letter: string) => (letter === 'n' ? '\n' : letter))
}

/** Undefined when it is none; the format's NaN, +Inf and -Inf are numbers. */
function numberOf(written: string | undefined): number | undefined {
  if (written === undefined) return undefined
  if (/^[+-]?inf$/i.test(written)) return written.startsWith('-') ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY
  const value = Number(written)
  return Number.isNaN(value) && !/^nan$/i.test(written) ? undefined : value
}
