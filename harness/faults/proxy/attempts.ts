// Appends a line for every connection attempt at a link to raw/links.ndjson: what the breaker's check counts. A file that
// cannot be written is said, never swallowed: a verdict would rest on attempts that were not counted.
import { createWriteStream, type WriteStream } from 'node:fs'
import { finished } from 'node:stream/promises'
import type { AttemptLine } from '../../history/raw-line.ts'

/** Lines that may wait for a disk that does not take them, bytes. */
const WAITING_BYTES = 4_194_304

export class Attempts {
  readonly #file: WriteStream
  readonly #problem: (text: string) => void
  #lost = 0

  constructor(path: string, problem: (text: string) => void) {
    this.#problem = problem
    this.#file = createWriteStream(path, { flags: 'a' })
    this.#file.on('error', (error) => problem(`connection attempts cannot be written: ${error.message}`))
  }

  record(line: Omit<AttemptLine, 'kind'>): void {
    if (this.#file.writableLength > WAITING_BYTES || this.#file.destroyed) this.#lost++
    else this.#file.write(`${JSON.stringify({ kind: 'attempt', ...line })}\n`)
  }

  async close(): Promise<void> {
    if (this.#lost > 0) this.#problem(`${this.#lost} connection attempts could not be written`)
    await finished(this.#file.end()).catch(() => {})
  }
}
