// A Docker engine, by the few words of its API that a run needs: start, signal, look, follow, remove. Containers are made by
// testcontainers (container.ts), which knows images and registries; what happens to them afterwards goes straight to the
// engine, since the next start, after a kill -9, must be able to remove them knowing no more than the engine's address.
// What this does not model: engines behind TLS or ssh.
import http from 'node:http'
import { HarnessError } from '../errors.ts'

const ANSWER_MS = 15_000
const PING_MS = 2_000
/** Each container carries it: leftovers are found by it. */
export const RUN_LABEL = 'stampede.run'

export interface ContainerState {
  /** As the engine's machine numbers it; 0 when it does not run. */
  pid: number
  running: boolean
  exitCode: number
}

export class Engine {
  /** `unix:///var/run/docker.sock` or `tcp://host:port`. */
  readonly host: string

  constructor(host: string) {
    this.host = host
  }

  /** The one that DOCKER_HOST names, or the usual one. @throws HarnessError `DOCKER_NOT_FOUND` */
  static async open(host = process.env.DOCKER_HOST ?? 'unix:///var/run/docker.sock'): Promise<Engine> {
    const engine = new Engine(host)
    if (/^(unix|tcp):/.test(host) && (await engine.answers())) return engine
    throw new HarnessError(
      'DOCKER_NOT_FOUND',
      `no Docker engine answers at ${host}`,
      'start one, or point DOCKER_HOST=unix://… at it, or leave --containers out: services then run as local processes',
    )
  }

  async answers(): Promise<boolean> {
    return await this.#call('GET', '/_ping', PING_MS).then(
      ({ status }) => status === 200,
      () => false,
    )
  }

  /** False when it does not run. */
  async kill(id: string, signal: NodeJS.Signals): Promise<boolean> {
    const { status } = await this.#call('POST', `/containers/${id}/kill?signal=${signal}`)
    return status === 204
  }

  /** Runs a command inside, beside what runs there, and waits for its end. One that runs no more runs nothing. */
  async run(id: string, command: readonly string[]): Promise<void> {
    const { status, text } = await this.#call('POST', `/containers/${id}/exec`, ANSWER_MS, { Cmd: command, AttachStdout: true })
    if (status !== 201) return
    await this.#call('POST', `/exec/${(JSON.parse(text) as { Id: string }).Id}/start`, ANSWER_MS, { Detach: false })
  }

  async start(id: string): Promise<void> {
    const { status, text } = await this.#call('POST', `/containers/${id}/start`)
    if (status !== 204 && status !== 304) throw new Error(`the container did not start again: ${text}`)
  }

  async state(id: string): Promise<ContainerState> {
    const { text } = await this.#call('GET', `/containers/${id}/json`)
    const { State } = JSON.parse(text) as { State: { Pid: number; Running: boolean; ExitCode: number } }
    return { pid: State.Pid, running: State.Running, exitCode: State.ExitCode }
  }

  /** Resolves with the exit code once it has ended. */
  async ended(id: string): Promise<number | null> {
    const { text } = await this.#call('POST', `/containers/${id}/wait`, 0)
    return (JSON.parse(text) as { StatusCode: number }).StatusCode
  }

  /** Its output since then (seconds of the wall clock, to the millisecond), while it runs. */
  async *follow(id: string, sinceS: number): AsyncGenerator<Buffer> {
    let rest: Buffer = Buffer.alloc(0)
    for await (const chunk of await this.#open('GET', `/containers/${id}/logs?follow=1&stdout=1&stderr=1&since=${sinceS.toFixed(3)}`, 0)) {
      const cut = pieces(Buffer.concat([rest, chunk as Buffer]))
      rest = cut.rest
      yield cut.whole
    }
  }

  /** The last lines it printed. */
  async lastLines(id: string, count = 10): Promise<string> {
    const { text } = await this.#call('GET', `/containers/${id}/logs?stdout=1&stderr=1&tail=${count}`)
    return pieces(Buffer.from(text, 'latin1')).whole.toString()
  }

  /** Ids of all containers of a run, running or not. */
  async ofRun(run: string): Promise<string[]> {
    const filters = encodeURIComponent(JSON.stringify({ label: [`${RUN_LABEL}=${run}`] }))
    const { text } = await this.#call('GET', `/containers/json?all=1&filters=${filters}`)
    return (JSON.parse(text) as { Id: string }[]).map(({ Id }) => Id)
  }

  /** With its volumes, running or not; one that is gone already is no error. */
  async remove(id: string): Promise<void> {
    await this.#call('DELETE', `/containers/${id}?force=1&v=1`)
  }

  async #call(method: string, path: string, limitMs = ANSWER_MS, body?: object): Promise<{ status: number; text: string }> {
    const answer = await this.#open(method, path, limitMs, body)
    const chunks: Buffer[] = []
    for await (const chunk of answer) chunks.push(chunk as Buffer)
    return { status: answer.statusCode ?? 0, text: Buffer.concat(chunks).toString('latin1') }
  }

  #open(method: string, path: string, limitMs: number, body?: object): Promise<http.IncomingMessage> {
    const { protocol, hostname, port, pathname } = new URL(this.host)
    const place = protocol === 'unix:' ? { socketPath: pathname } : { host: hostname, port }
    const signal = limitMs > 0 ? { signal: AbortSignal.timeout(limitMs) } : {}
    const headers = body === undefined ? {} : { 'content-type': 'application/json' }
    return new Promise((resolve, reject) => {
      http
        .request({ ...place, method, path: `/v1.41${path}`, agent: false, headers, ...signal }, resolve)
        .on('error', reject)
        .end(body === undefined ? undefined : JSON.stringify(body))
    })
  }
}

/** The engine's stream of output: each piece has eight bytes before it, of which the last four say its length. */
function pieces(stream: Buffer): { whole: Buffer; rest: Buffer } {
  const whole: Buffer[] = []
  let at = 0
  while (stream.length >= at + 8 && stream.length >= at + 8 + stream.readUInt32BE(at + 4)) {
    const end = at + 8 + stream.readUInt32BE(at + 4)
    whole.push(stream.subarray(at + 8, end))
    at = end
  }
  return { whole: Buffer.concat(whole), rest: stream.subarray(at) }
}
