// A running k6: begun, ended, and the most memory it took.
import type { ChildProcess } from 'node:child_process'
import { readFileSync } from 'node:fs'
import type { Generator, GeneratorEnd } from '../driver.ts'
import type { Control } from './control.ts'

/** After SIGINT k6 interrupts its agents; what has not ended by then is killed. */
const STOP_WITHIN_MS = 5_000
const LOOK_AT_MEMORY_EVERY_MS = 500
const SAID_CHARACTERS_MAX = 20_000

export class K6Process implements Generator {
  readonly pid: number
  readonly control: Control
  readonly ended: Promise<GeneratorEnd>
  readonly #signal: AbortSignal
  #running = true
  #said = ''

  constructor(child: ChildProcess, control: Control, signal: AbortSignal) {
    this.pid = child.pid ?? 0
    this.control = control
    this.#signal = signal
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#said = (this.#said + text).slice(-SAID_CHARACTERS_MAX)
    })
    let maxRssBytes: number | undefined
    const look = setInterval(() => {
      maxRssBytes = peakMemory(this.pid) ?? maxRssBytes
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
      if (this.#running && this.pid > 0) process.kill(-this.pid, name)
    } catch {
      // Gone already.
    }
  }
}

/** High-water mark of the resident set; Linux only. */
function peakMemory(pid: number): number | undefined {
  try {
    const [, kilobytes] = /^VmHWM:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? []
    return kilobytes === undefined ? undefined : Number(kilobytes) * 1_024
  } catch {
    return undefined
  }
}
