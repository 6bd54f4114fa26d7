// Plain values → YAML as a person would write it: block style, in the order given, text quoted only where YAML would read something else
// in it. The same value gives the same bytes, so that `kubectl diff` is empty when nothing has changed. Pure.
// Not modelled: anchors, comments (a heading may go before the whole), numbers that are no finite ones.

export type Yaml = string | number | boolean | readonly Yaml[] | { readonly [key: string]: Yaml | undefined }

/** @param heading lines of comment */
export function yamlText(value: Yaml, heading: readonly string[] = []): string {
  return `${heading.map((line) => `# ${line}`.trimEnd()).join('\n')}${heading.length > 0 ? '\n' : ''}${block(value, '').trimStart()}\n`
}

/** What follows a key or a dash: on the same line, or indented on the next ones. */
function block(value: Yaml, indent: string): string {
  if (typeof value === 'string') return text(value, indent)
  if (typeof value !== 'object') return ` ${value}`
  if (Array.isArray(value)) {
    if (value.length === 0) return ' []'
    return value.map((item: Yaml) => `\n${indent}-${afterDash(item, `${indent}  `)}`).join('')
  }
  const entries = Object.entries(value).filter((entry): entry is [string, Yaml] => entry[1] !== undefined)
  if (entries.length === 0) return ' {}'
  return entries.map(([key, item]) => `\n${indent}${scalar(key)}:${block(item, deeper(item, indent))}`).join('')
}

/** Lists stand under their key without going deeper, as kubectl writes them. */
function deeper(item: Yaml, indent: string): string {
  return Array.isArray(item) ? indent : `${indent}  `
}

function afterDash(item: Yaml, indent: string): string {
  const written = block(item, indent)
  return typeof item === 'object' && !Array.isArray(item) ? ` ${written.trimStart()}` : written
}

function text(value: string, indent: string): string {
  if (!value.includes('\n') || /[^\t\n\x20-\x7e\u00a0-\ud7ff\ue000-\ufffd]/.test(value) || /^\s/.test(value)) return ` ${scalar(value)}`
  const keep = value.endsWith('\n') ? '' : '-'
  const body = value.replace(/\n$/, '')
  // More than one newline at the end would be folded into one.
  if (body.endsWith('\n')) return ` ${JSON.stringify(value)}`
  return ` |${keep}\n${body
    .split('\n')
    .map((line) => (line === '' ? '' : `${indent}${line}`))
    .join('\n')}`
}

function scalar(value: string): string {
  const plain = /^[A-Za-z/][\w./-]*(?::[\w./-]+)*(?: [\w./(),;-]+)*$/.test(value)
  const reserved = /^(?:true|false|null|yes|no|on|off|y|n)$/i.test(value)
  return plain && !reserved ? value : JSON.stringify(value)
}
