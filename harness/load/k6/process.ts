// A running k6: begun, ended, and the most memory it took.
import type { ChildProcess } from 'node:child_process'
import type { Generator, GeneratorEnd } from '../driver.ts'
import { peakMemory } from '../peak-memory.ts'
import type { Control } from './control.ts'

/** After SIGINT k6 interrupts its agents; what has not ended by then is killed. */
const STOP_WITHIN_MS = 5_000
const LOOK_AT_MEMORY_EVERY_MS = 500
const SAID_CHARACTERS_MAX = 20_000

export class K6Process implements Generator {
  readonly pids: readonly number[]
  readonly control: Control
  readonly ended: Promise<GeneratorEnd>
  readonly #pid: number
  readonly #signal: AbortSignal
  #running = true
  #said = ''

  constructor(child: ChildProcess, control: Control, signal: AbortSignal) {
    this.#pid = child.pid ?? 0
    this.pids = [this.#pid]
    this.control = control
    this.#signal = signal
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#said = (this.#said + text).slice(-SAID_CHARACTERS_MAX)
    })
    let maxRssBytes: number | undefined
    const look = setInterval(() => {
      maxRssBytes = peakMemory(this.#pid) ?? maxRssBytes
    }, LOOK_AT_MEMORY_EVERY_MS)
    this.ended = new Promise((resolve) => {
      const end = (exitCode: number | null) => {
        clearInterval(look)
        this.#running = false
        resolve({ exitCode, ...(maxRssBytes !== undefined && { maxRssBytes }) })
      }
      child.once('close', end).once('error', () => end(null))
    })
  }

  /** What it wrote to stderr, the end of it. */
  get said(): string {
    return this.#said
  }

  async begin(): Promise<void> {
    await this.control.go(this.#signal)
  }

  async stop(): Promise<void> {
    if (!this.#running) return
    // A generator that was starved is stopped in another sense.
    this.#kill('SIGCONT')
    this.#kill('SIGINT')
    const timer = setTimeout(() => this.#kill('SIGKILL'), STOP_WITHIN_MS)
    await this.ended
    clearTimeout(timer)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
  }

  /** Its whole group: it is the leader of one. */
  #kill(name: NodeJS.Signals): void {
    try {
      if (this.#running && this.#pid > 0) process.kill(-this.#pid, name)
    } catch {
      // Gone already.
    }
  }
}
