// Follows a generator's growing file and brings it to the collector, byte by byte and in order; what was brought stays brought, so after a
// break on either side it goes on where the collector's file ends. Measures this machine's clock against the collector's at the start,
// every few seconds and at the end. Never slows the generator: it reads a file that is written anyway, and a collector that is slow or
// away only makes it fall behind; memory is one chunk.
// Not modelled: a file that shrinks (it is append-only).
import { type FileHandle, open } from 'node:fs/promises'
import { setTimeout as wait } from 'node:timers/promises'
import { CHUNK_BYTES_MAX } from './collector.ts'
import type { CollectorClient } from './collector-client.ts'

const LOOK_EVERY_MS = 200
const CLOCK_EVERY_MS = 5_000
const QUESTIONS = 5
const RETRY_FROM_MS = 100
const RETRY_TO_MS = 2_000

export interface Shipment {
  file: string
  collector: CollectorClient
  part: number
  of: number
  planHash: string
  host: string
  /** The generator has ended: bring the rest and close. */
  over: AbortSignal
  /** No time is left. */
  signal: AbortSignal
}

/** @returns the bytes brought. Rejects when the signal came first */
export async function ship(shipment: Shipment): Promise<number> {
  const { collector, part, of, planHash, host, signal } = shipment
  await patiently(() => collector.say({ part, of, event: 'hello', planHash, host }, signal), signal)
  await measure(shipment)
  const clock = keepMeasuring(shipment)
  const bytes = await bringAll(shipment)
  await clock
  await measure(shipment)
  await patiently(() => collector.say({ part, of, event: 'end', bytes }, signal), signal)
  return bytes
}

async function bringAll({ file, collector, part, over, signal }: Shipment): Promise<number> {
  const buffer = Buffer.alloc(CHUNK_BYTES_MAX)
  let handle: FileHandle | undefined
  let offset = 0
  try {
    for (;;) {
      // Looked at before reading: what was written until the end is still brought.
      const last = over.aborted
      handle ??= await open(file).catch(() => undefined)
      const { bytesRead } = (await handle?.read(buffer, 0, buffer.length, offset)) ?? { bytesRead: 0 }
      if (bytesRead > 0) offset = await patiently(() => collector.append(part, offset, buffer.subarray(0, bytesRead), signal), signal)
      else if (last) return offset
      else await wait(LOOK_EVERY_MS, undefined, { signal: AbortSignal.any([over, signal]) }).catch(() => signal.throwIfAborted())
    }
  } finally {
    await handle?.close()
  }
}

async function keepMeasuring(shipment: Shipment): Promise<void> {
  const { over, signal } = shipment
  while (!over.aborted && !signal.aborted) {
    await wait(CLOCK_EVERY_MS, undefined, { signal: AbortSignal.any([over, signal]) }).catch(() => undefined)
    if (!over.aborted && !signal.aborted) await measure(shipment).catch(() => undefined)
  }
}

async function measure({ collector, part, of, signal }: Shipment): Promise<void> {
  await patiently(async () => collector.say({ part, of, event: 'clock', ...(await collector.clock(QUESTIONS, signal)) }, signal), signal)
}

/** Until it works or no time is left. */
async function patiently<T>(attempt: () => Promise<T>, signal: AbortSignal): Promise<T> {
  for (let pauseMs = RETRY_FROM_MS; ; pauseMs = Math.min(RETRY_TO_MS, pauseMs * 2)) {
    try {
      return await attempt()
    } catch (error) {
      signal.throwIfAborted()
      // A wrong token or part does not get better.
      if (/answered (400|401|404|413)/.test(String(error))) throw error
      await wait(pauseMs, undefined, { signal })
    }
  }
}
