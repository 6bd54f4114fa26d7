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
    this.appendAll([line])
  }

  /** In one write. */
  appendAll(lines: readonly T[]): void {
    const text = lines.map((line) => `${JSON.stringify(line)}\n`).join('')
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

const WRITING: ReadonlySet<string> = new Set(['write', 'open', 'mkdir', 'rename', 'copyfile', 'unlink', 'fsync'])

/** Says what to do when a file could not be written; what is no such failure is given back as it is. */
export function writeFailure(error: unknown): unknown {
  const { code, syscall, path = 'a file of the run' } = error as NodeJS.ErrnoException
  if (syscall === undefined || !WRITING.has(syscall)) return error
  const elsewhere = 'point --reports at another disk'
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    return new HarnessError('DISK_FULL', `the disk filled up while ${path} was being written`, `free some space, or ${elsewhere}`, error)
  }
  if (code === 'EACCES' || code === 'EROFS' || code === 'EPERM') {
    return new HarnessError('REPORTS_NOT_WRITABLE', `${path} cannot be written (${code})`, `make it writable, or ${elsewhere}`, error)
  }
  return error
}
