// What `init` sees of a server: which revision it speaks, its tools, and of those that say that they
// only read (or that somebody vouches for) how long one call takes. No other tool is ever called.
// Parameters: revisions are tried newest first; calls go one after the other, at most 10 a second
// and for at most 60 s; what is left then is listed untried. Not modelled: tools that say they read
// and do not (`readOnlyHint` is a hint; whoever does not trust it gives --no-calls).
import { setTimeout as wait } from 'node:timers/promises'
import { HarnessError } from '../errors.ts'
import type { Protocol } from '../load/request.ts'
import { type ClientOptions, McpClient, type Tool } from '../run/mcp-client.ts'
import { PROTOCOLS } from '../run/transport.ts'
import { type Drawn, drawnOf, hasTodo, sampleOf } from './drawn.ts'
import { commented } from './source-text.ts'

const CALLING_MS = 60_000
const CALL_EVERY_MS = 100

export interface SeenTool {
  tool: Tool
  drawn: Drawn
  /** It says so, or somebody vouched for it. */
  reads: boolean
  /** How its one call went; absent: it was not called. */
  tried?: { ok: boolean; tookMs: number; said: string; empty?: boolean }
}

export interface Look {
  protocol: Protocol
  tools: SeenTool[]
}

export interface LookOptions {
  url: string
  client: ClientOptions
  /** Tools that somebody says only read. */
  vouched: readonly string[]
  /** Call them at all. */
  calls: boolean
  say: (text: string) => void
  signal: AbortSignal
}

/** @throws HarnessError as `McpClient.meet`; `UNKNOWN_TOOL` when one is vouched for that the server does not have */
export async function look(options: LookOptions): Promise<Look> {
  const { url, vouched, calls, say, signal } = options
  const { mcp, tools } = await negotiate(options)
  await using met = mcp
  say(`${url} speaks MCP ${met.protocol} and has ${tools.length} tool${tools.length === 1 ? '' : 's'}`)
  const stranger = vouched.find((name) => !tools.some((tool) => tool.name === name))
  if (stranger !== undefined)
    throw new HarnessError(
      'UNKNOWN_TOOL',
      `it has no tool ${JSON.stringify(stranger)}`,
      `it has: ${tools.map(({ name }) => commented(name)).join(', ')}`,
    )
  const seen = tools.map((tool): SeenTool => {
    const { readOnlyHint, destructiveHint } = tool.annotations ?? {}
    // One that contradicts itself is not believed.
    const reads = vouched.includes(tool.name) || (readOnlyHint === true && destructiveHint !== true)
    return { tool, drawn: drawnOf(tool.inputSchema), reads }
  })
  if (calls) await callReads(met, seen, say, signal)
  return { protocol: met.protocol, tools: seen }
}

/** The newest revision in which it lists its tools. */
async function negotiate({ url, client, signal }: LookOptions): Promise<{ mcp: McpClient; tools: Tool[] }> {
  let why: HarnessError | undefined
  for (const protocol of PROTOCOLS) {
    let mcp: McpClient | undefined
    try {
      mcp = await McpClient.meet(url, protocol, client, signal)
      return { mcp, tools: await mcp.discovered() }
    } catch (error) {
      await mcp?.[Symbol.asyncDispose]()
      if (!(error instanceof HarnessError) || !['TARGET_NOT_MCP', 'PROTOCOL_NOT_SPOKEN'].includes(error.code)) throw error
      // That it speaks MCP, and how, is worth more than how it took a revision that it does not know.
      if (!why || (why.code === 'TARGET_NOT_MCP' && error.code === 'PROTOCOL_NOT_SPOKEN')) why = error
    }
  }
  throw why
}

async function callReads(mcp: McpClient, seen: SeenTool[], say: LookOptions['say'], signal: AbortSignal): Promise<void> {
  const untilMs = Date.now() + CALLING_MS
  for (const one of seen) {
    if (!one.reads || hasTodo(one.drawn)) continue
    if (Date.now() > untilMs) {
      say(`the other tools were not called: ${CALLING_MS / 1_000} s are over`)
      return
    }
    const startedMs = Date.now()
    one.tried = await callOnce(mcp, one)
    say(`  ${commented(one.tool.name)}: ${one.tried.said}, ${Math.round(one.tried.tookMs)} ms`)
    await wait(Math.max(0, CALL_EVERY_MS - (Date.now() - startedMs)), undefined, { signal })
  }
}

async function callOnce(mcp: McpClient, { tool, drawn }: SeenTool): Promise<NonNullable<SeenTool['tried']>> {
  try {
    const { status, message, tookMs } = await mcp.call(tool.name, sampleOf(drawn) as Record<string, unknown>)
    const { result, error } = message ?? {}
    if (status === 200 && result) {
      const { isError, content, structuredContent } = result
      const [first] = Array.isArray(content) ? (content as ({ text?: unknown } | undefined)[]) : []
      if (isError === true) return { ok: false, tookMs, said: withWords('isError', first?.text) }
      return { ok: true, tookMs, said: 'ok', ...(first === undefined && structuredContent === undefined && { empty: true }) }
    }
    return { ok: false, tookMs, said: error ? withWords(`error ${error.code}`, error.message) : `status ${status}` }
  } catch (error) {
    if (error instanceof HarnessError && error.code === 'TARGET_DOWN') return { ok: false, tookMs: 0, said: error.message }
    throw error
  }
}

/** With its own words: mostly they say which argument is missing. */
function withWords(what: string, words: unknown): string {
  return typeof words === 'string' && words.trim() !== '' ? commented(`${what}: ${words}`) : what
}
