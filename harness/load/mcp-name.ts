// A tool's name as the `Mcp-Name` header carries it (2026-07-28): plain when it is a safe ASCII field value, else
// `=?base64?…?=` over its UTF-8 bytes. Pure; runs inside k6, which has neither Buffer nor TextEncoder.
// Source: MCP 2026-07-28, Streamable HTTP, value encoding; RFC 9110 §5.5.
const PLAIN = /^[\x21-\x7e]([\t\x20-\x7e]*[\x21-\x7e])?$/
const MARKED = /^=\?base64\?.*\?=$/
const DIGITS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'

export function mcpName(name: string): string {
  return PLAIN.test(name) && !MARKED.test(name) ? name : `=?base64?${base64(utf8(name))}?=`
}

function utf8(text: string): number[] {
  // Its percent encoding is its UTF-8, byte by byte.
  const escaped = encodeURIComponent(text)
  const bytes: number[] = []
  for (let i = 0; i < escaped.length; i++) {
    const coded = escaped[i] === '%'
    bytes.push(coded ? Number.parseInt(escaped.slice(i + 1, i + 3), 16) : escaped.charCodeAt(i))
    if (coded) i += 2
  }
  return bytes
}

function base64(bytes: readonly number[]): string {
  let text = ''
  for (let i = 0; i < bytes.length; i += 3) {
    const [a = 0, b, c] = [bytes[i], bytes[i + 1], bytes[i + 2]]
    const three = (a << 16) | ((b ?? 0) << 8) | (c ?? 0)
    const digit = (shift: number) => DIGITS[(three >> shift) & 63]
    text += `${digit(18)}${digit(12)}${b === undefined ? '=' : digit(6)}${c === undefined ? '=' : digit(0)}`
  }
  return text
}
