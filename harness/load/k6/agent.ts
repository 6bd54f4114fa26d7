// biome-ignore-all lint/correctness/noUndeclaredDependencies: k6 brings its modules itself
// An agent inside k6: k6's own clock, timers, HTTP client and console under the timeline that all drivers share.
//
// Traps of the engine that this file keeps clear of: `sleep` would block the agent's other tasks, so it waits with setTimeout;
// a request cannot be aborted, so giving up is k6's own timeout (status 0, code 1050); a server-sent answer arrives whole at
// its end, which is enough for tools/call. Console lines are whole even when many agents write at once.
import exec from 'k6/execution'
import http, { type RefinedParams, type RefinedResponse } from 'k6/http'
import { clearTimeout, setTimeout } from 'k6/timers'
import type { PersonaDefinition } from '../../persona.ts'
import type { PlannedAgent } from '../../plan/plan.ts'
import type { Engine, RunFacts } from '../engine.ts'
import type { RawAnswer } from '../evidence.ts'
import { rareLine } from '../line-text.ts'
import { followTimeline } from '../timeline.ts'
import { transportOf } from './transport.ts'

/** k6's console; with `--log-format=raw` and `--console-output` each call is one line of load.ndjson. */
declare const console: { log(line: string): void }

export async function runAgent(planned: PlannedAgent, persona: PersonaDefinition, url: string, facts: RunFacts): Promise<void> {
  const parameters: RefinedParams<'text'> = {}
  const engine: Engine = {
    nowMs: () => Date.now(),
    wait: (ms) => (ms <= 0 ? Promise.resolve() : new Promise((resolve) => setTimeout(resolve, ms))),
    post: ({ headers, body }, timeoutMs, keepMs, read) => {
      parameters.headers = headers
      parameters.timeout = keepMs
      // k6 keeps cookies unless each request gets a jar of its own.
      parameters.jar = new http.CookieJar()
      const request = http.asyncRequest('POST', url, body, parameters)
      if (keepMs > timeoutMs) return sooner(request, timeoutMs).then(read)
      const told = (outcome: unknown) => {
        const answer = rawAnswer(outcome)
        return answer ? read(answer) : NOBODY_KNOWS
      }
      return request.then(told, told)
    },
    write: (line) => console.log(line),
  }
  if (exec.vu.idInInstance === 1) engine.write(rareLine({ kind: 'start', atMs: facts.t0Ms }))
  await followTimeline(planned, persona, facts, engine)
}

/** The answer, or having given up while the request goes on. */
function sooner(request: Promise<RefinedResponse<'text'>>, timeoutMs: number): Promise<RawAnswer> {
  return new Promise((resolve) => {
    const transportText = `no answer within ${timeoutMs} ms`
    const gaveUp: RawAnswer = { status: 0, transport: 'timeout', transportText, header: NO_HEADER, body: '' }
    const timer = setTimeout(() => resolve(gaveUp), timeoutMs)
    const settle = (outcome: unknown) => {
      clearTimeout(timer)
      const answer = rawAnswer(outcome)
      // Stopped: nobody knows, so there is no end.
      if (answer) resolve(answer)
    }
    request.then(settle, settle)
  })
}

const NO_HEADER = () => undefined

const NOBODY_KNOWS = new Promise<never>(() => undefined)

/** @param outcome a response, or why there is none. Undefined: k6 is being stopped, and nobody knows what becomes of the call */
function rawAnswer(outcome: unknown): RawAnswer | undefined {
  const response = outcome as RefinedResponse<'text'>
  const { status } = response
  if (status > 0) return new Answered(status, response)
  if (status === undefined) return { status: 0, transport: 'other', transportText: String(outcome), header: NO_HEADER, body: '' }
  const { error, error_code: code, body } = response
  if (error.includes('context canceled')) return undefined
  const partial = body ? `, after ${body.length} characters of an answer that did not end` : ''
  // Also where a server keeps a stream open after its answer: k6 gives a stream at its end.
  const transportText = `${code} ${error}${partial}`
  return { status: 0, transport: transportOf(code, error, partial !== ''), transportText, header: NO_HEADER, body: '' }
}

/** With methods that all answers share: in this engine a function of each one's own costs as much as five of its fields. */
class Answered implements RawAnswer {
  readonly status: number
  readonly body: string
  readonly #response: RefinedResponse<'text'>
  readonly #headers: Record<string, string>

  constructor(status: number, response: RefinedResponse<'text'>) {
    this.status = status
    this.body = response.body ?? ''
    this.#response = response
    // Asked for once: each time it would cross into Go.
    this.#headers = response.headers
  }

  header(name: string): string | undefined {
    return this.#headers[name]
  }

  /** A body that is no JSON throws. */
  peek(path: string): unknown {
    try {
      return this.#response.json(path)
    } catch {
      return undefined
    }
  }
}
