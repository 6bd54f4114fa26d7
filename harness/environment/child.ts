// A program that the harness starts and must stop: Postgres, Redis, the proxy. It gets a process group of its own, so
// that a Ctrl-C at the terminal reaches the harness alone, which then heals and stops things in order. Its process id is
// told to the keeper before anything else happens. Its last output lines are kept for error messages, no more than 100.
import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process'
import { once } from 'node:events'
import type { Readable } from 'node:stream'
import { HarnessError } from '../errors.ts'
import type { Exit, Keeper } from './service.ts'

const LINES_KEPT = 100
/** A longer one is kept in pieces: a program may print without ever ending its line. */
const LINE_MAX = 65_536

export interface ChildOptions {
  keeper: Keeper
  /** How people call it: `postgres`. */
  name: string
  file: string
  args: readonly string[]
  /** Added to `STAMPEDE_RUN`; without it the harness's own environment. */
  env?: NodeJS.ProcessEnv
  /** Default: output is read and its last lines kept. */
  stdio?: SpawnOptions['stdio']
  cwd?: string
  uid?: number
  gid?: number
}

export class Child {
  readonly pid: number
  readonly process: ChildProcess
  readonly exited: Promise<Exit>
  #running = true
  readonly #lines: string[] = []
  readonly #readers = new Set<(line: string) => void>()

  constructor(process: ChildProcess, pid: number) {
    this.process = process
    this.pid = pid
    this.exited = new Promise((resolve) => {
      // 'close' comes once the output has been read to its end; a grandchild that holds the pipe must not delay it for ever.
      process.once('exit', (code, signal) => {
        this.#running = false
        setTimeout(resolve, 500, { code, signal }).unref()
        process.once('close', () => resolve({ code, signal }))
      })
    })
    for (const output of [process.stdout, process.stderr]) {
      if (output) eachLine(output, (line) => this.#keep(line))
    }
  }

  get running(): boolean {
    return this.#running
  }

  /** The last lines of its output, oldest first. */
  lastLines(count = 10): string[] {
    return this.#lines.slice(-count)
  }

  /** The first line that matches; rejects when the program ends without it, at the limit, and on abort. */
  async said(pattern: RegExp, limitMs: number, signal: AbortSignal): Promise<string> {
    const stop = AbortSignal.any([signal, AbortSignal.timeout(limitMs)])
    stop.throwIfAborted()
    return await new Promise<string>((resolve, reject) => {
      const settle = (act: () => void) => {
        this.#readers.delete(read)
        stop.removeEventListener('abort', aborted)
        act()
      }
      const read = (line: string) => pattern.test(line) && settle(() => resolve(line))
      const aborted = () => settle(() => reject(stop.reason))
      this.#readers.add(read)
      stop.addEventListener('abort', aborted, { once: true })
      void this.exited.then(({ code, signal }) => settle(() => reject(new Error(`ended with ${signal ?? code}`))))
      for (const line of [...this.#lines]) read(line)
    })
  }

  /** To the program alone; false when it has gone. */
  signal(name: NodeJS.Signals): boolean {
    return this.#running && this.process.kill(name)
  }

  /** Asks it to end, and after `graceMs` ends it. Resolves once it is gone. */
  async stop(signal: NodeJS.Signals, graceMs: number): Promise<Exit> {
    if (!this.#running) return await this.exited
    this.process.kill(signal)
    // One that is frozen hears nothing else.
    this.process.kill('SIGCONT')
    const kill = setTimeout(() => this.process.kill('SIGKILL'), graceMs)
    try {
      return await this.exited
    } finally {
      clearTimeout(kill)
    }
  }

  #keep(line: string): void {
    this.#lines.push(line)
    if (this.#lines.length > LINES_KEPT) this.#lines.shift()
    for (const read of [...this.#readers]) read(line)
  }
}

function eachLine(output: Readable, tell: (line: string) => void): void {
  let rest = ''
  output.setEncoding('utf8').on('data', (text: string) => {
    const lines = (rest + text).split(/\r?\n/)
    rest = lines.pop() ?? ''
    for (const line of lines) tell(line)
    if (rest.length < LINE_MAX) return
    tell(rest)
    rest = ''
  })
  output.on('end', () => rest !== '' && tell(rest))
}

/**
 * Starts a program in its own process group.
 * @throws HarnessError `PROGRAM_DID_NOT_START` when it cannot be run at all
 */
export async function startChild({ keeper, name, file, args, env = process.env, stdio, ...place }: ChildOptions): Promise<Child> {
  const started = spawn(file, args, {
    ...place,
    stdio: stdio ?? ['ignore', 'pipe', 'pipe'],
    env: { ...env, STAMPEDE_RUN: keeper.run },
    detached: true,
  })
  if (started.pid === undefined) {
    const [cause] = (await once(started, 'error')) as [Error]
    throw new HarnessError(
      'PROGRAM_DID_NOT_START',
      `${name} cannot be run: ${cause.message}`,
      `check that ${file} is there and executable`,
      cause,
    )
  }
  keeper.process(started.pid, name)
  // A signal that no longer finds its process is no error of ours.
  started.on('error', () => {})
  return new Child(started, started.pid)
}
