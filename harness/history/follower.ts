// Reads a file of JSON lines while it grows: each time what has come since, whole lines only; a line that is no JSON is
// passed over, since the merge names it.
import { type FileHandle, open } from 'node:fs/promises'
import { StringDecoder } from 'node:string_decoder'
import { parsed } from './json.ts'

const CHUNK_BYTES = 1 << 20

export class Follower<T> implements AsyncDisposable {
  readonly #file: string
  readonly #decoder = new StringDecoder('utf8')
  readonly #buffer = Buffer.alloc(CHUNK_BYTES)
  #handle: FileHandle | undefined
  #position = 0
  #rest = ''

  constructor(file: string) {
    this.#file = file
  }

  async read(take: (line: T) => void): Promise<void> {
    this.#handle ??= await open(this.#file).catch(() => undefined)
    for (;;) {
      const { bytesRead } = (await this.#handle?.read(this.#buffer, 0, CHUNK_BYTES, this.#position)) ?? { bytesRead: 0 }
      if (bytesRead === 0) return
      this.#position += bytesRead
      const lines = (this.#rest + this.#decoder.write(this.#buffer.subarray(0, bytesRead))).split('\n')
      this.#rest = lines.pop() ?? ''
      for (const text of lines) {
        const line = parsed<T>(text)
        if (line !== undefined) take(line)
      }
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#handle?.close()
  }
}
