// What a weakness is written against: the server with exactly one part replaced by what people ship. Each names the scenario
// and the check that must catch it; tests hold it to that.
import { readdirSync } from 'node:fs'
import path from 'node:path'
import type { Answer, Call } from '../call.ts'
import { SettingsError } from '../config.ts'
import { control, type Next } from '../controls/control.ts'
import type { Log, RequestLine } from '../log.ts'
import type { Parts } from '../parts.ts'
import type { Connections } from '../store/postgres.ts'

/** Of the files beside this one: `.ts`, and `.js` in the package. */
const EXTENSION = path.extname(import.meta.filename)

export interface Weakness {
  kind: 'weakness'
  /** What happened to somebody. */
  story: string
  source: string
  caughtBy: { scenario: string; check: string }
  apply(parts: Parts): Parts
}

export function weakness(definition: Omit<Weakness, 'kind'>): Weakness {
  return { kind: 'weakness', ...definition }
}

export function weaknessNames(): string[] {
  return readdirSync(new URL('.', import.meta.url))
    .filter((file) => file.endsWith(EXTENSION) && !file.endsWith(`.test${EXTENSION}`) && file !== `weakness${EXTENSION}`)
    .map((file) => file.slice(0, -EXTENSION.length))
    .sort()
}

/**
 * The parts with a weakness applied; as they are when none is named.
 * @throws SettingsError for a name that no file has
 */
export async function weakened(parts: Parts, name: string): Promise<Parts> {
  if (name === '') return parts
  const names = weaknessNames()
  if (!names.includes(name)) throw new SettingsError(`WEAKNESS is ${JSON.stringify(name)}: must be empty or one of ${names.join(', ')}`)
  const { default: found } = (await import(new URL(`./${name}${EXTENSION}`, import.meta.url).href)) as { default: Weakness }
  return found.apply(parts)
}

/** Agents are known as before, with something around it. */
export function knowing(parts: Parts, around: (call: Call, known: Next) => Promise<Answer>): Parts {
  const { authenticate } = parts
  const wrap: typeof authenticate.wrap = (next, running) => {
    const known = authenticate.wrap(next, running)
    return (call) => around(call, known)
  }
  return { ...parts, authenticate: control({ ...authenticate, wrap }) }
}

/** Who may call is decided as before; limiter, breaker and all that is behind them, with something around it. */
export function admitting(parts: Parts, around: (call: Call, admitted: Next) => Promise<Answer>): Parts {
  const { authenticate } = parts
  const wrap: typeof authenticate.wrap = (next, running) => authenticate.wrap((call) => around(call, next), running)
  return { ...parts, authenticate: { ...authenticate, wrap } }
}

/** 200, as a tool answers. */
export function toolAnswer({ id }: Call, result: Record<string, unknown>): Answer {
  const body = JSON.stringify({ jsonrpc: '2.0', id, result: { ...result, resultType: 'complete' } })
  return { status: 200, headers: { 'content-type': 'application/json' }, body }
}

/** What is logged of every request, and then more. */
export function loggingMore(parts: Parts, more: (line: RequestLine, log: Log) => void): Parts {
  const { log } = parts
  const request: Log['request'] = (line) => {
    log.request(line)
    more(line, log)
  }
  return { ...parts, log: { ...log, request } }
}

/** The same pool, whose connections are opened another way. */
export function openedBy(inner: Connections, open: Connections['open']): Connections {
  return {
    get used() {
      return inner.used
    },
    get idle() {
      return inner.idle
    },
    open,
    close: (withinMs) => inner.close(withinMs),
  }
}
