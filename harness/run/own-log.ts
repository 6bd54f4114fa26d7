// The log of a server that somebody else started: the lines about this run's calls, copied into the run's folder.
import { createReadStream, createWriteStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { finished } from 'node:stream/promises'
import { HarnessError } from '../errors.ts'
import type { RunFolder } from './folder.ts'

/**
 * @param file the server's log, JSON lines
 * @param run every call's id begins with it
 * @throws HarnessError `LOG_NOT_READABLE`
 */
export async function copyOwnLog(file: string, run: string, { raw }: RunFolder): Promise<void> {
  const copy = createWriteStream(path.join(raw, 'server-1.log'))
  try {
    for await (const line of createInterface({ input: createReadStream(file), crlfDelay: Number.POSITIVE_INFINITY })) {
      if (line.includes(run)) copy.write(`${line}\n`)
    }
  } catch (error) {
    throw new HarnessError(
      'LOG_NOT_READABLE',
      `observe.logs.file ${file} cannot be read`,
      'mend its path in the target, or leave it out',
      error,
    )
  } finally {
    copy.end()
    await finished(copy)
  }
}

/** Bytes that it has already; 0 when it is not there yet. */
export async function sizeOf(file: string): Promise<number> {
  return await stat(file).then(
    ({ size }) => size,
    () => 0,
  )
}
