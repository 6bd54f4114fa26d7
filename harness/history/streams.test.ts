import { expect, test } from 'vitest'
import type { StopLine, StreamCounts } from './load-line.ts'
import { streamNotes } from './streams.ts'

const NONE: StreamCounts = { opened: 0, refused: 0, ended: 0, asked: 0, answered: 0 }

function stop(streams?: Partial<StreamCounts>): StopLine {
  return { kind: 'stop', seq: 1, agent: 'a', tasksStarted: 0, callsSent: 0, atMs: 0, ...(streams && { streams: { ...NONE, ...streams } }) }
}

test('what was met is told, all agents together', () => {
  expect(streamNotes([stop()])).toEqual([])
  expect(streamNotes([stop({ opened: 2, ended: 1 }), stop(), stop({ opened: 1, refused: 3 })])).toEqual([
    "the server's own stream: opened 3 times, ended by the server 1 times, not given 3 times",
  ])
  expect(streamNotes([stop({ asked: 5, answered: 4 })])).toEqual(['the server asked its clients 5 times and took 4 of their answers'])
})
