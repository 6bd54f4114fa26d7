import { expect, it } from 'vitest'
import { startChild } from './child.ts'
import { ScratchKeeper } from './scratch-keeper.ts'

const shell = (keeper: ScratchKeeper, script: string) => startChild({ keeper, name: 'sh', file: '/bin/sh', args: ['-c', script] })

it('keeps the last lines, the unended one too', async () => {
  await using keeper = await ScratchKeeper.open()
  const child = await shell(keeper, "printf 'one\\r\\ntwo\\n\\nlast'")
  await child.exited
  expect(child.lastLines()).toEqual(['one', 'two', '', 'last'])
})

it('keeps a bounded part of a line that never ends', async () => {
  await using keeper = await ScratchKeeper.open()
  const child = await shell(keeper, "head -c 20000000 /dev/zero | tr '\\0' x")
  await child.exited
  const kept = child.lastLines(1_000)
  expect(kept.length).toBeLessThanOrEqual(100)
  expect(Math.max(...kept.map(({ length }) => length))).toBeLessThan(200_000)
})
