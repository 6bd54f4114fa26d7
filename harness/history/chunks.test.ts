import { mkdtemp, open, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { setImmediate as turn } from 'node:timers/promises'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { blocksOf, chunksOf } from './chunks.ts'

const MIB = 1_048_576

let folder = ''
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'stampede-lines-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

async function linesOf(text: string) {
  const file = path.join(folder, 'lines')
  await writeFile(file, text)
  const lines: { text: string; number: number; ended: boolean }[] = []
  for await (const { texts, from, ended } of chunksOf(file))
    for (const [n, line] of texts.entries()) lines.push({ text: line, number: from + n, ended })
  return lines
}

it.each(['a', 'é', '語', '🦬'])('reads lines of %s whole and in order, wherever the disk cuts them', async (letter) => {
  const wanted = Array.from({ length: 20_000 }, (_, n) => `${n} ${letter.repeat(n % 211)}`)
  const read = await linesOf(`${wanted.join('\n')}\n`)
  expect(read.map(({ text }) => text)).toEqual(wanted)
  expect(read.every(({ number, ended }, n) => number === n + 1 && ended)).toBe(true)
})

it('keeps blank lines, and says of the last one whether it ended', async () => {
  expect(await linesOf('\n\na\n\nb')).toEqual([
    { text: '', number: 1, ended: true },
    { text: '', number: 2, ended: true },
    { text: 'a', number: 3, ended: true },
    { text: '', number: 4, ended: true },
    { text: 'b', number: 5, ended: false },
  ])
  expect(await linesOf('')).toEqual([])
})

it('holds no more of a line than it may be long, and reads on behind it', async () => {
  const [long, after] = await linesOf(`${'x'.repeat(5 * MIB)}\nafter\n`)
  expect(long?.text.length).toBeLessThanOrEqual(2 * MIB)
  expect(after).toEqual({ text: 'after', number: 2, ended: true })
})

it('tells of a disk that fails whoever reads on, though it failed while what came before was looked at', async () => {
  const file = path.join(folder, 'failing')
  await writeFile(file, 'a\nb\n')
  await using handle = await open(file)
  const disk = Object.getPrototypeOf(handle) as typeof handle
  const { read } = disk
  let times = 0
  // By hand: a spy would take the rejection itself.
  disk.read = function (this: typeof handle, ...asked: unknown[]) {
    times++
    return times > 1 ? Promise.reject(new Error('EIO: i/o error, read')) : Reflect.apply(read, this, asked)
  } as typeof read
  using _ = { [Symbol.dispose]: () => void Object.assign(disk, { read }) }
  const blocks = blocksOf(file)
  expect((await blocks.next()).value).toEqual({ text: 'a\nb', ended: true })
  // A rejection that nobody has taken by then ends the program.
  await turn()
  await turn()
  await expect(blocks.next()).rejects.toThrow('EIO')
})
