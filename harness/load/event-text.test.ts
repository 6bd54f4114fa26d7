import { expect, test } from 'vitest'
import { EventText } from './event-text.ts'

function read(pieces: readonly string[], end = false): string[] {
  const found: string[] = []
  const events = new EventText((data) => found.push(data))
  for (const piece of pieces) events.feed(piece)
  if (end) events.end()
  return found
}

test.each(['\n', '\r\n', '\r'])('lines end as they like: %j', (end) => {
  const text = [
    '\ufeff: a comment',
    'data: one',
    '',
    'event: message',
    'id',
    'data:two',
    'data:  three',
    'data',
    '',
    ': ping',
    '',
    'data: four',
    '',
    '',
  ].join(end)
  const whole = ['one', 'two\n three\n', 'four']
  expect(read([text], true)).toEqual(whole)
  expect(read([...text], true)).toEqual(whole)
})

test('a mark is one at the beginning alone', () => {
  expect(read(['', '\ufeffdata: a\ufeff\n\n', '\ufeffdata: b\n\n'])).toEqual(['a\ufeff'])
})

test('what no empty line has ended counts at the end, and not before', () => {
  expect(read(['data: a\n\ndata: b'])).toEqual(['a'])
  expect(read(['data: a\n\ndata: b'], true)).toEqual(['a', 'b'])
})

test('after a cut nothing of what was coming is left', () => {
  const found: string[] = []
  const events = new EventText((data) => found.push(data))
  events.feed('id: 7\ndata: half\nda')
  events.cut()
  // The next stream may begin with a mark, as the first might have.
  events.feed('\ufeffdata: whole\n\n')
  expect({ found, lastId: events.lastId }).toEqual({ found: ['whole'], lastId: '7' })
})

test('an event beyond the bound is let go, and the next is read', () => {
  const long = `data: ${'x'.repeat(3_000_000)}\n`
  expect(read([long, long, '\n', 'data: next\n\n'])).toEqual(['next'])
})

test('a wait without end is one that a timer keeps', () => {
  const events = new EventText(() => {})
  events.feed(`retry: ${'9'.repeat(30)}\n`)
  expect(events.retryMs).toBe(2 ** 31 - 1)
})
