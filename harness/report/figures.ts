// Numbers as people read them: the same figure reads the same in the page, the terminal, the XML and the summary.
// Written out by hand where the locale of the machine could change a byte. Units are those of parameters.ts; a unit that
// is a phrase ("refusals without guidance") follows its number. Not modelled: plurals, other languages.

/** At most three significant digits, thousands apart: 0.0123, 4.57, 41, 12,345. */
export function number(value: number): string {
  if (!Number.isFinite(value)) return value > 0 ? '∞' : value < 0 ? '−∞' : '–'
  const size = Math.abs(value)
  const digits = size >= 100 || Number.isInteger(value) ? 0 : size >= 10 ? 1 : size >= 1 ? 2 : 3
  const fixed = size.toFixed(digits)
  const [whole = '0', part] = (digits > 0 ? fixed.replace(/\.?0+$/, '') : fixed).split('.')
  const grouped = whole.replace(/\B(?=(\d{3})+$)/g, ',')
  return `${value < 0 ? '−' : ''}${grouped}${part ? `.${part}` : ''}`
}

/** A figure in its unit: `412 ms`, `93.1 %`, `3.2×`, `84/s`, `1.2 MB`, `41 rows`. */
export function figure(value: number | undefined, unit = ''): string {
  if (value === undefined) return '–'
  if (unit === 'ms') return duration(value)
  if (unit === 'of 1' || unit === 'share') return percent(value)
  if (unit === 'bytes') return size(value)
  if (unit === '' || unit === '×' || unit.startsWith('/')) return `${number(value)}${unit}`
  return `${number(value)} ${unit}`
}

/** A limit beside its measured figure: the phrase of a unit is not said twice. */
export function limitFigure(value: number, unit = ''): string {
  return unit.includes(' ') && unit !== 'of 1' ? number(value) : figure(value, unit)
}

/** Never rounded up to the whole: 0.9996 is 99.9 %, not 100 %. */
export function percent(share: number): string {
  if (!Number.isFinite(share)) return '–'
  const tenths = share > 0.99 && share < 1 ? Math.floor(share * 1000) : Math.round(share * 1000)
  return `${number(tenths / 10)} %`
}

export function duration(ms: number): string {
  return Math.abs(ms) >= 10_000 ? `${number(ms / 1000)} s` : `${number(ms)} ms`
}

/** A moment of the run, in seconds to the millisecond: figures of one column stay aligned. */
export function moment(ms: number | undefined): string {
  return ms === undefined ? '–' : (ms / 1000).toFixed(3)
}

export function size(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB']
  let value = bytes
  let step = 0
  while (Math.abs(value) >= 1000 && step < units.length - 1) {
    value /= 1000
    step++
  }
  return `${number(value)} ${units[step]}`
}

/** "1 check", "3 checks". */
export function count(things: number, one: string, many = `${one}s`): string {
  return `${number(things)} ${things === 1 ? one : many}`
}
