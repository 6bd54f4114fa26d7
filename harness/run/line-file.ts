// One append-only file of JSON lines, one a producer. Writes are kept in order; a disk that is full is told once, loudly.
import { type FileHandle, open } from 'node:fs/promises'
import { HarnessError } from '../errors.ts'

export class LineFile<T> implements AsyncDisposable {
  readonly #handle: FileHandle
  #tail: Promise<unknown> = Promise.resolve()
  #failure: unknown

  private constructor(handle: FileHandle) {
    this.#handle = handle
  }

  static async create<T>(file: string): Promise<LineFile<T>> {
    return new LineFile<T>(await open(file, 'a'))
  }

  append(line: T): void {
    const text = `${JSON.stringify(line)}\n`
    this.#tail = this.#tail
      .then(() => this.#handle.appendFile(text))
      .catch((error: unknown) => {
        this.#failure ??= error
      })
  }

  /** @throws HarnessError `DISK_FULL`, or what else went wrong while writing */
  async flush(): Promise<void> {
    await this.#tail
    if (this.#failure !== undefined) throw writeFailure(this.#failure)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#tail
    await this.#handle.close()
  }
}

/** Says what to do when a file of the run could not be written. */
export function writeFailure(error: unknown): unknown {
  if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') return error
  return new HarnessError(
    'DISK_FULL',
    'the disk filled up while the run was being recorded',
    'free some space, or point --reports at another disk',
    error,
  )
}
