// What is driven is Streamable HTTP, in both eras. A server on stdio has one client a process: there is no load to balance between agents.
// The old pair of HTTP and SSE (2024-11-05) was given up by the protocol. Both are refused with a sentence that says what to do instead.
// Source: MCP 2025-06-18 and 2026-07-28, transports, "Backwards compatibility": an old server answers a GET with an event `endpoint`.
import { type Dispatcher, request } from 'undici'
import { HarnessError } from '../errors.ts'

/** The revisions in which agents speak it, newest first. */
export const PROTOCOLS = ['2026-07-28', '2025-11-25', '2025-06-18'] as const

const LOOK_MS = 3_000
const HEAD_CHARACTERS = 4_096
const WORDS_CHARACTERS_MAX = 120
const BRIDGE = 'put a Streamable HTTP bridge in front of it and give the bridge’s address: npx mcp-proxy --port 8080 -- <command>'

/** It wants to know who asks. */
export class TokenWanted extends HarnessError {
  /** WWW-Authenticate, as it was sent. */
  readonly challenge: string

  /** @param text the answer's body: a 403 often says which header is missing */
  constructor(url: string, status: number, challenge = '', text = '') {
    const hint = "give the agents a token: agents: { headers: tokenFile('~/.token') } or headers: () => ({ authorization: 'Bearer …' })"
    super('TARGET_WANTS_TOKEN', `${url} answered ${status}${inItsWords(text)}`, hint)
    this.challenge = challenge
  }
}

/** @throws HarnessError `TRANSPORT_NOT_SPOKEN`, `TARGET_INVALID` */
export function assertStreamable(url: string): void {
  if (URL.canParse(url) && /^https?:$/.test(new URL(url).protocol)) return
  if (/^stdio:|^(npx|uvx|uv|node|python3?|docker|deno|bunx?|\.?\/)\b|\s-/.test(url))
    throw new HarnessError(
      'TRANSPORT_NOT_SPOKEN',
      'stdio is not driven: it has one client a process, so there is no load to balance',
      BRIDGE,
    )
  throw new HarnessError(
    'TARGET_INVALID',
    `url is ${JSON.stringify(url)}`,
    "url must be an http or https address, such as 'http://127.0.0.1:3000/mcp'",
  )
}

/** Undefined when it is not an old server, or says nothing in time. */
export async function oldPair(
  url: string,
  headers: Record<string, string>,
  dispatcher: Dispatcher,
  signal: AbortSignal,
): Promise<HarnessError | undefined> {
  try {
    const limited = AbortSignal.any([signal, AbortSignal.timeout(LOOK_MS)])
    const answer = await request(url, { headers: { ...headers, accept: 'text/event-stream' }, signal: limited, dispatcher })
    let head = ''
    if (String(answer.headers['content-type'] ?? '').startsWith('text/event-stream')) {
      for await (const chunk of answer.body) {
        head += String(chunk)
        if (head.includes('\n\n') || head.includes('\r\n\r\n') || head.length > HEAD_CHARACTERS) break
      }
    } else await answer.body.dump()
    if (!/^event: ?endpoint\r?$/m.test(head)) return undefined
    const what = `${url} speaks the old pair of HTTP and SSE (2024-11-05), which the protocol has given up`
    return new HarnessError('TRANSPORT_NOT_SPOKEN', what, `look whether it also serves Streamable HTTP (often at /mcp); else ${BRIDGE}`)
  } catch {
    signal.throwIfAborted()
    return undefined
  }
}

/** Redirects are not followed, neither here nor by agents: what is sent holds a token, and the next host may be anybody's. */
export function redirected(url: string, status: number, location: unknown): HarnessError | undefined {
  if (status < 300 || status >= 400 || typeof location !== 'string') return undefined
  const to = URL.parse(location, url)?.href ?? location
  const hint = `redirects are not followed, since a token would go along: if ${to} is meant, give it as url`
  return new HarnessError('TARGET_REDIRECTS', `${url} answered ${status} and sends everybody to ${to}`, hint)
}

/** Nobody is let in now, by a limit, by the server or by what stands before it; what it is cannot be told. */
export function turnedAway(
  url: string,
  { status, text, retryAfter }: { status: number; text: string; retryAfter?: string },
): HarnessError | undefined {
  if (![429, 502, 503, 504].includes(status)) return undefined
  const when = retryAfter === undefined ? '' : ` (Retry-After: ${retryAfter})`
  const hint =
    status === 429
      ? 'wait until its limit lets one in again, or come as somebody who has room left'
      : 'wait until it serves, then try again'
  return new HarnessError('TARGET_BUSY', `${url} answered ${status}${when}${inItsWords(text)}`, hint)
}

export function notSpoken(url: string, protocol: string, spoken: string): HarnessError {
  const known = PROTOCOLS.filter((one) => spoken.includes(one))
  // One that names none of its revisions may speak any other.
  const others = known.length > 0 || /\d{4}-\d\d-\d\d/.test(spoken) ? known : PROTOCOLS.filter((one) => one !== protocol)
  return new HarnessError(
    'PROTOCOL_NOT_SPOKEN',
    `${url} does not speak MCP ${protocol} (it speaks ${spoken})`,
    others.length > 0
      ? `pin one that it speaks: --protocol ${others.join(' or ')}`
      : `agents speak ${PROTOCOLS.join(', ')}: it must learn one`,
  )
}

function inItsWords(text: string): string {
  return text.trim() === '' ? '' : `: ${JSON.stringify(text.slice(0, WORDS_CHARACTERS_MAX))}`
}
