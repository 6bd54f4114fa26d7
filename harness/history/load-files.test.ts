import { expect, test } from 'vitest'
import type { LoadLine } from './event.ts'
import { joinLoads, loadFileNames } from './load-files.ts'

const send = (call: string, atMs: number) => ({ kind: 'send', call, plannedAtMs: atMs, sentAtMs: atMs + 1 }) as LoadLine
const end = (call: string, endedAtMs: number) => ({ kind: 'end', call, endedAtMs }) as LoadLine

test('the times of several generators are told on the clock of the first that began', () => {
  const { lines, notes } = joinLoads([
    { name: 'load-1.ndjson', lines: [{ kind: 'start', atMs: 10_030 }, send('a', 100), end('a', 150)] },
    { name: 'load-2.ndjson', lines: [{ kind: 'start', atMs: 10_000 }, send('b', 100), end('b', 160)] },
  ])
  expect(notes).toEqual([])
  expect(lines).toEqual([{ kind: 'start', atMs: 10_000 }, send('a', 130), end('a', 180), send('b', 100), end('b', 160)])
})

test('one that never began is named', () => {
  const files = [
    { name: 'load-1.ndjson', lines: [{ kind: 'start', atMs: 5 } as LoadLine] },
    { name: 'load-2.ndjson', lines: [] },
  ]
  expect(joinLoads(files).notes).toEqual([expect.stringContaining('raw/load-2.ndjson')])
  expect(joinLoads([{ name: 'load.ndjson', lines: [] }]).lines).toEqual([])
})

test('one generator writes load.ndjson', () => {
  expect([loadFileNames(1), loadFileNames(2)]).toEqual([['load.ndjson'], ['load-1.ndjson', 'load-2.ndjson']])
})
