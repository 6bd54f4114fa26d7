import { expect, test } from 'vitest'
import { type Heard, LoadFile } from './load-file.ts'
import { type Joined, joinLoads, loadFileNames } from './load-files.ts'
import type { LoadLine } from './load-line.ts'
import type { GeneratorLine } from './raw-line.ts'

const PLAN = {
  agents: ['a', 'b'].map((agent, index) => ({
    agent,
    index,
    tenant: 't',
    persona: 'steady',
    parameters: {},
    hostile: false,
    tasks: [{ task: 't1', atMs: 100, calls: [] }],
  })),
}
const send = (agent: string, plannedAtMs: number, sentAtMs = plannedAtMs + 1, seq = 1) =>
  ({ kind: 'send', seq, call: `${agent}${seq}`, agent, task: 't1', plannedAtMs, sentAtMs }) as LoadLine
const end = (agent: string, endedAtMs: number, seq = 2) => ({ kind: 'end', seq, call: `${agent}${seq - 1}`, agent, endedAtMs }) as LoadLine
const stop = (agent: string, atMs: number, seq = 3) => ({ kind: 'stop', seq, agent, atMs }) as LoadLine
const start = (atMs: number): LoadLine => ({ kind: 'start', atMs })
const clock = (part: number, offsetMs: number, uncertaintyMs: number): GeneratorLine => {
  return { kind: 'generator', event: 'clock', atMs: 0, part, of: 2, offsetMs, uncertaintyMs }
}
const files = (...all: LoadLine[][]) => {
  const heard = new Map<string, Heard>()
  return all.map((lines, position) => {
    const file = new LoadFile(`load-${position + 1}.ndjson`, heard)
    // What is taken may be moved.
    for (const line of structuredClone(lines)) file.take(line)
    return file
  })
}
const momentsOf = ({ calls }: Joined) => calls.map(({ call, plannedAtMs, sentAtMs, endedAtMs }) => [call, plannedAtMs, sentAtMs, endedAtMs])

test('one that begins late is late with what the plan told it to send, not with what follows from its answers', () => {
  const joined = joinLoads(
    files(
      [start(10_300), send('a', 100), end('a', 150), send('a', 350, 351, 3), end('a', 380, 4), stop('a', 400, 5)],
      [start(10_000), send('b', 100), end('b', 160), stop('b', 400)],
    ),
    PLAN,
  )
  expect(joined.startMs).toBe(10_000)
  expect(momentsOf(joined)).toEqual([
    ['a1', 100, 401, 450],
    ['a3', 650, 651, 680],
    ['b1', 100, 101, 160],
  ])
  expect(joined.fleet).toMatchObject([
    { part: 1, laterMs: 300, state: 'ended' },
    { part: 2, laterMs: 0, state: 'ended' },
  ])
  expect(joined.notes).toEqual(['generator 1 of 2 began 300 ms after the first'])
})

test('clocks are set to the harness’s before anything is compared', () => {
  const joined = joinLoads(
    files([start(90_000), send('a', 100), stop('a', 400, 2)], [start(10_000), send('b', 100), stop('b', 400, 2)]),
    PLAN,
    [clock(0, 500, 1), clock(1, -79_490, 2), clock(1, -79_491, 5), clock(2, 500, 0.5)],
  )
  expect(joined.notes).toEqual([])
  expect(joined.startMs).toBe(10_000)
  expect(joined.fleet).toMatchObject([
    { offsetMs: -79_990, uncertaintyMs: 3, laterMs: 10 },
    { offsetMs: 0, uncertaintyMs: 1.5, laterMs: 0 },
  ])
  // Ten late, of which three may be the clock's.
  expect(momentsOf(joined)).toContainEqual(['a1', 103, 111, undefined])
})

test('a clock that jumped, or was never measured, is said to be uncertain', () => {
  const both = files([start(10_000), stop('a', 400, 1)], [start(10_000), stop('b', 400, 1)])
  const hello: GeneratorLine = { kind: 'generator', event: 'hello', atMs: 0, part: 2, of: 2 }
  const { fleet, notes } = joinLoads(both, PLAN, [clock(1, 0, 1), clock(1, 100, 1), hello])
  expect(fleet).toMatchObject([{ offsetMs: 50, uncertaintyMs: 51 }, { offsetMs: 0 }])
  expect(fleet?.[1]).not.toHaveProperty('uncertaintyMs')
  expect(notes).toEqual(
    [
      'the clock of generator 1 of 2 is uncertain by 51 ms, limit 20 ms',
      'generator 1 of 2 began 50 ms after the first',
      'the clock of generator 2 of 2 was never measured',
    ].sort((a, b) => notes.indexOf(a) - notes.indexOf(b)),
  )
})

test('one that died, one that never started, and one that speaks for another are named', () => {
  const died = joinLoads(files([start(5), send('a', 100)], [start(5), stop('b', 400, 1), stop('a', 400, 1)]), PLAN)
  expect(died.fleet).toMatchObject([
    { state: 'died', open: 1 },
    { state: 'ended', strangers: ['a'] },
  ])
  expect(died.notes).toEqual([
    'generator 1 of 2 died: 1 of its 1 agents have no end in raw/load-1.ndjson',
    'raw/load-2.ndjson has lines of agents of another generator: a',
  ])
  const silent = joinLoads(files([start(5), stop('a', 400, 1)], []), PLAN)
  expect(silent.fleet).toMatchObject([{ state: 'ended' }, { state: 'never-started', agents: 1 }])
  expect(silent.notes).toEqual([expect.stringContaining('generator 2 of 2 never started: nothing was heard of its 1 agents (b')])
})

test('a call has the first end that is told of it: in another generator’s file, before its send, and for a line that was doubled', () => {
  const [sent, ended, again] = [send('a', 100), end('a', 150), end('a', 170)]
  const told = (...all: LoadLine[][]) => momentsOf(joinLoads(files(...all.map((lines) => [start(5), ...lines])), PLAN))
  const whole = ['a1', 100, 101, 150]
  expect(told([sent], [ended])).toEqual([whole])
  expect(told([ended, again, sent])).toEqual([whole])
  expect(told([sent, ended, again, sent])).toEqual([whole, whole])
  expect(told([sent, sent, ended])).toEqual([whole, whole])
  expect(told([sent], [])).toEqual([['a1', 100, 101, undefined]])
})

test('one alone that never began is named, and has no fleet', () => {
  const joined = joinLoads([new LoadFile('load.ndjson')], PLAN)
  expect(joined.notes).toEqual([expect.stringContaining('raw/load.ndjson has no start line')])
  expect(joined).not.toHaveProperty('fleet')
  expect(joined).not.toHaveProperty('startMs')
})

test('one generator writes load.ndjson', () => {
  expect([loadFileNames(1), loadFileNames(2)]).toEqual([['load.ndjson'], ['load-1.ndjson', 'load-2.ndjson']])
})
