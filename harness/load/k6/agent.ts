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
  const parameters: RefinedParams<'text'> = { responseType: 'text' }
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
      return request.then(
        (response) => (isStopped(response) ? NOBODY_KNOWS : read(rawAnswer(response))),
        (error) => read(noAnswer(error)),
      )
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
    const settle = (answer: RawAnswer) => {
      clearTimeout(timer)
      resolve(answer)
    }
    request.then(
      (response) => settle(rawAnswer(response)),
      (error) => settle(noAnswer(error)),
    )
  })
}

const NO_HEADER = () => undefined

function noAnswer(error: unknown): RawAnswer {
  return { status: 0, transport: 'other', transportText: String(error), header: NO_HEADER, body: '' }
}

/** k6 is being stopped: nobody knows what becomes of the call, so it gets no end. */
function isStopped({ status, error }: RefinedResponse<'text'>): boolean {
  return status === 0 && error.includes('context canceled')
}

const NOBODY_KNOWS = new Promise<never>(() => undefined)

function rawAnswer(response: RefinedResponse<'text'>): RawAnswer {
  const body: string = response.body ?? ''
  if (response.status === 0) {
    const transport = transportOf(response.error_code, response.error, body !== '')
    const why = `${response.error_code} ${response.error}`
    // Also where a server keeps a stream open after its answer: k6 gives a stream at its end.
    const transportText = body === '' ? why : `${why}, after ${body.length} characters of an answer that did not end`
    return { status: 0, transport, transportText, header: NO_HEADER, body }
  }
  // Asked for once: each time it would cross into Go.
  const { headers } = response
  return { status: response.status, header: (name) => headers[name], body, peek: (path) => peekAt(response, path) }
}

/** A body that is no JSON throws. */
function peekAt(response: RefinedResponse<'text'>, path: string): unknown {
  try {
    return response.json(path)
  } catch {
    return undefined
  }
}
