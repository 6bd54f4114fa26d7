// raw/load.ndjson as the undici driver writes it: lines are gathered and written at the end of the turn of the event loop in
// which they came, so that a kill -9 loses one turn at most, and one write serves all agents that it woke.
// Bound: a turn's lines. A write that fails (a full disk) ends the process: an unrecorded call must not be sent.
import { closeSync, openSync, writeSync } from 'node:fs'

export class LineFile {
  readonly #file: number
  #lines = ''
  #waiting = false

  constructor(path: string) {
    this.#file = openSync(path, 'a')
  }

  write(line: string): void {
    this.#lines += line
    this.#lines += '\n'
    if (this.#waiting) return
    this.#waiting = true
    setImmediate(() => this.flush())
  }

  flush(): void {
    this.#waiting = false
    let bytes = Buffer.from(this.#lines)
    this.#lines = ''
    while (bytes.length > 0) bytes = bytes.subarray(writeSync(this.#file, bytes))
  }

  close(): void {
    this.flush()
    closeSync(this.#file)
  }
}
