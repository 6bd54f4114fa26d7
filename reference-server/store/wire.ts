// What pg does not offer: several statements in one packet, and an end to a read that sends too much.
// A row may hold a gigabyte, and it is this process that would have to hold it, so bytes are counted as they come. The read is
// then cut with its connection; that costs a reconnect and says nothing of Postgres' health.
// READ_MAX_BYTES 4 MiB: sixteen times what an answer may hold, since lists are cut only after they were read.
import type { Socket } from 'node:net'
import { CallError } from '../errors.ts'
import type { Connection } from './postgres.ts'

const READ_MAX_BYTES = 4_194_304

/**
 * Sends several statements as one packet. All have ended before one's error is thrown: the connection is quiet by then. The
 * first that failed tells why.
 */
export async function together<T extends unknown[]>(
  client: Connection['client'],
  send: () => { [K in keyof T]: Promise<T[K]> },
): Promise<T> {
  const stream = streamOf(client)
  stream.cork()
  const sent = send()
  stream.uncork()
  const ends = await Promise.allSettled(sent)
  for (const end of ends) if (end.status === 'rejected') throw end.reason
  return ends.map((end) => (end as PromiseFulfilledResult<unknown>).value) as T
}

/**
 * Calls once the connection has sent too much from now on.
 * @returns ends the watch
 */
export function whenTooMuch({ client }: Connection, tooMuch: (why: CallError) => void): () => void {
  const stream = streamOf(client)
  const until = stream.bytesRead + READ_MAX_BYTES
  const look = (): void => {
    if (stream.bytesRead <= until) return
    stream.off('data', look)
    tooMuch(new CallError('RESULT_TOO_LARGE', `The database sent more than ${READ_MAX_BYTES} bytes; ask for fewer or shorter rows.`))
  }
  stream.on('data', look)
  return () => stream.off('data', look)
}

function streamOf(client: Connection['client']): Socket {
  return (client as unknown as { connection: { stream: Socket } }).connection.stream
}
