// Lines as the disk has them, many at once: of raw files, of which a long run has a gigabyte, and of any log. What they mean is asked in
// lines.ts (our own) and server-log-thread.ts (the server's). Bounds: a line of 1 MiB, and 64 KiB more at a time.
import { isAscii } from 'node:buffer'
import { open } from 'node:fs/promises'

const LINE_MAX = 1_048_576
/** A text of a MiB lies outside V8's heap, one of 128 KiB outside its young part: such are collected late, and with all the rest. */
const CHUNK_BYTES = 65_536
const NEWLINE = 10

/** Every line that is not blank; `ended` is false for a last one without its newline. */
export async function* textLines(file: string): AsyncGenerator<{ text: string; number: number; ended: boolean }> {
  for await (const { texts, from, ended } of chunksOf(file))
    for (const [n, text] of texts.entries()) if (text.trim() !== '') yield { text, number: from + n, ended }
}

/** Lines as they come from the disk, many at once, blank ones too; `from` numbers the first. A last one without its newline comes alone. */
export async function* chunksOf(file: string): AsyncGenerator<{ texts: string[]; from: number; ended: boolean }> {
  let from = 1
  for await (const { text, ended } of blocksOf(file)) {
    const texts = text.split('\n')
    yield { texts, from, ended }
    from += texts.length
  }
}

/**
 * The same in one piece, without the newline of its last line. The next one is read from the disk meanwhile, into the same memory. Of a line
 * that is longer than it may be, something is left out.
 */
export async function* blocksOf(file: string): AsyncGenerator<{ text: string; ended: boolean }> {
  await using handle = await open(file)
  const bytes = Buffer.allocUnsafe(LINE_MAX + CHUNK_BYTES)
  let held = 0
  const next = () => {
    const reading = handle.read(bytes, held, CHUNK_BYTES)
    // Told when it is waited for: nobody does while the block before it is looked at.
    reading.catch(() => undefined)
    return reading
  }
  let reading = next()
  for (let read = await reading; read.bytesRead > 0; read = await reading) {
    const filled = held + read.bytesRead
    const end = bytes.lastIndexOf(NEWLINE, filled - 1)
    const text = end < 0 ? undefined : textOf(bytes.subarray(0, end))
    bytes.copyWithin(0, end + 1, filled)
    held = Math.min(filled - end - 1, LINE_MAX)
    reading = next()
    if (text !== undefined) yield { text, ended: true }
  }
  if (held > 0) yield { text: textOf(bytes.subarray(0, held)), ended: false }
}

/** Of text that is ASCII, as most is, latin1 is the same and read in half the time. */
function textOf(bytes: Buffer): string {
  return bytes.toString(isAscii(bytes) ? 'latin1' : 'utf8')
}
