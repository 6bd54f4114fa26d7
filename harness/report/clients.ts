// What the hosts of real MCP clients would have seen of a refusal: a program's field, words within a longer text, or nothing. The table is
// clients.json, written by the same runs of real clients that write docs/clients.md (`npm run clients`); it lies here so that an installed
// package has it. Applied to a run: a client can only pass on what the server sent, so what a refusal lacks, no client shows.
import type { Call } from '../history/event.ts'
import { type Alike, kindsOf } from './kinds.ts'

/** `field`, `field (429)`, `the message`, `in the text`, or `–` for what the host does not get. */
export interface ClientView {
  /** Package and version: `mcp 2.3.0 (Python)`. */
  client: string
  revision: string
  /** `too many calls (429)`. */
  refusal: string
  arrives: string
  status: string
  code: string
  sentence: string
  /** Of kinds that name a wait. */
  wait?: string
  retryAfter?: string
}

export interface Refused {
  /** `429 RATE_LIMITED`. */
  name: string
  /** Which of the client table's refusals it is like. */
  like: string
  calls: number
  /** How many of them had it. */
  withCode: number
  withSentence: number
  withWait: number
  withHeader: number
  /** No JSON-RPC message at all. */
  unreadable: number
}

const MOST = 8

/** Refusals by status and code, the most frequent first. */
export function refusalsOf(calls: readonly Call[]): Refused[] {
  const found = new Map<string, Refused>()
  for (const { alike, calls: own } of kindsOf(calls)) {
    const like = likeness(alike)
    if (like === undefined) continue
    const { evidence } = alike
    const code = evidence.data?.code ?? evidence.rpcCode
    const name = `${evidence.status === 200 ? 'isError' : evidence.status}${code === undefined ? '' : ` ${String(code)}`}`
    const refused = found.get(name) ?? {
      name,
      like,
      calls: 0,
      withCode: 0,
      withSentence: 0,
      withWait: 0,
      withHeader: 0,
      unreadable: 0,
    }
    found.set(name, refused)
    refused.calls += own.length
    if (code !== undefined) refused.withCode += own.length
    if (evidence.rpcCode === undefined && !evidence.isError) refused.unreadable += own.length
    for (const { evidence } of own) {
      if (evidence.message !== undefined) refused.withSentence++
      if (typeof evidence.data?.retryAfterMs === 'number') refused.withWait++
      if (evidence.retryAfter !== undefined) refused.withHeader++
    }
  }
  return [...found.values()].sort((a, b) => b.calls - a.calls).slice(0, MOST)
}

/** Which refusal of the table a call's answer is like; undefined when it is none, or none that was tried. */
function likeness({ evidence, class: is }: Alike): string | undefined {
  const { status, isError, transport } = evidence
  if (transport !== undefined) return undefined
  if (status === 429) return 'too many calls (429)'
  if (status === 503) return 'dependency away (503)'
  if (status === 401) return 'unknown token (401)'
  if (status === 403) return 'missing scope (403)'
  if (status === 200 && isError) return is === 'invalid' ? 'wrong arguments (isError)' : 'deadline (isError)'
  return undefined
}

export interface Sight {
  arrives: string
  code: string
  sentence: string
  /** How the wait reaches the host. */
  wait: string
}

/** @returns what a host has in hand; `–` for what it has not */
export function sightOf(view: ClientView, { calls, withCode, withSentence, withWait, unreadable }: Refused): Sight {
  const only = (had: number, how: string | undefined) =>
    had === 0 || how === undefined ? '–' : had < calls ? `${how}, ${had} of ${calls}` : how
  if (unreadable === calls) return { arrives: view.arrives, code: '–', sentence: '–', wait: '–' }
  // A result that is an error arrives whole everywhere: also what its data says of a wait.
  const wait = view.refusal.includes('isError') ? 'field' : view.wait
  return { arrives: view.arrives, code: only(withCode, view.code), sentence: only(withSentence, view.sentence), wait: only(withWait, wait) }
}
