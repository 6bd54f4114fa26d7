// How many bytes the server has logged, instance by instance: what it prints and what it complains of, or the file that the target names.
// A server that writes a page for every refusal fills a disk just when it is asked for too much.
// What it does not model: logs that go elsewhere (a socket, a file that is not named), and files that are cut or moved while it looks: a
// size that falls starts anew.
import { stat } from 'node:fs/promises'
import { type Reading, sampler } from './sampler.ts'

export const logSize = sampler({
  summary: "Bytes of the server's log so far.",
  source: 'stat(2)',
  periodMs: 500,
  applies: ({ logFiles = {} }) => Object.keys(logFiles).length > 0,
  async sample({ logFiles = {} }, _observe, signal) {
    signal.throwIfAborted()
    const reading = Object.entries(logFiles).map(async ([instance, files]): Promise<Reading> => {
      const sizes = await Promise.all(files.map(sizeOf))
      return { ...(instance !== 'log' && { instance }), values: { logBytes: sizes.reduce((sum, size) => sum + size, 0) } }
    })
    return await Promise.all(reading)
  },
})

/** One that is not there yet holds nothing. */
async function sizeOf(file: string): Promise<number> {
  return await stat(file).then(
    ({ size }) => size,
    () => 0,
  )
}
