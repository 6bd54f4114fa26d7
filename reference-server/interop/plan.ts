// What every client is made to do, as data: in-process ones take it as it is, the others read it as JSON from stdin. And what they
// report, as a host would see it: nothing here looks at the wire.

export interface Asked {
  tool: string
  arguments: Record<string, unknown>
}

export interface Plan {
  url: string
  token: string
  /** The revision to speak, and no other. */
  era: '2026-07-28' | '2025-11-25'
  /** By tool; tools that are listed and have none here are called with `{}`. */
  arguments: Record<string, Record<string, unknown>>
  resource: string
  prompt: { name: string; arguments: Record<string, string> }
  /** Called until there is no cursor any more. */
  pages: Asked
  /** Reports progress. */
  progress: Asked
  /** Takes long enough to be given up `cancelAfterMs` after it was asked for. */
  cancel: Asked
  cancelAfterMs: number
  refusals: Record<string, Asked & { url: string; token: string /** Called once before, to spend what there is. */; spend?: boolean }>
}

/** What a host has in hand when a call was refused. */
export interface Refusal {
  how: 'exception' | 'result' | 'served'
  /** Class of the exception. */
  type: string
  /** What a host would show or pass to its model. */
  text: string
  /** Fields of their own, not words within the text. */
  status?: number
  code?: number
  data?: Record<string, unknown>
  retryAfterHeader?: string
}

export interface Seen {
  /** Package and version. */
  client: string
  /** As negotiated. */
  era: string
  tools: string[]
  /** By tool: `ok`, or what went wrong. */
  called: Record<string, string>
  resources: number
  resourceCharacters: number
  prompts: number
  promptCharacters: number
  pages: number
  progress: number
  /** What the host sees of a call that it gave up. */
  cancelled: string
  cancelledAfterMs: number
  refusals: Record<string, Refusal>
}
