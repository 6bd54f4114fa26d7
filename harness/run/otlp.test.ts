import { expect, test } from 'vitest'
import { spansIn } from './otlp.ts'

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736'
const body = (...spans: object[]) => ({
  resourceSpans: [
    { resource: { attributes: [{ key: 'service.instance.id', value: { stringValue: 'server-2' } }] }, scopeSpans: [{ scope: {}, spans }] },
  ],
})
const span = (more: object = {}) => ({
  traceId: TRACE,
  spanId: '00f067aa0ba902b7',
  name: 'tools/call list_tables',
  kind: 2,
  startTimeUnixNano: '1767225611021000123',
  endTimeUnixNano: '1767225611033500000',
  ...more,
})

test('a span with its instance, its times as ms and its parent', () => {
  expect(spansIn(body(span({ parentSpanId: 'B7AD6B7169203331' })))).toEqual([
    {
      kind: 'span',
      atMs: 1_767_225_611_021,
      endedAtMs: 1_767_225_611_033.5,
      trace: TRACE,
      span: '00f067aa0ba902b7',
      parent: 'b7ad6b7169203331',
      name: 'tools/call list_tables',
      role: 'server',
      instance: 'server-2',
      attributes: {},
    },
  ])
})

test('kinds by number and by name', () => {
  const kinds = [undefined, 0, 1, 3, 'SPAN_KIND_SERVER', 'SPAN_KIND_CONSUMER', 9, 'what']
  expect(spansIn(body(...kinds.map((kind) => span({ kind }))))?.map(({ role }) => role)).toEqual([
    ...['internal', 'internal', 'internal', 'client', 'server', 'consumer', 'internal', 'internal'],
  ])
})

test('attributes of every sort, those of events and the status; long words are cut, and there is an end to their number', () => {
  const attributes = [
    { key: 'word', value: { stringValue: 'x'.repeat(300) } },
    { key: 'whole', value: { intValue: '42' } },
    { key: 'share', value: { doubleValue: 0.5 } },
    { key: 'yes', value: { boolValue: true } },
    { key: 'list', value: { arrayValue: { values: [{ stringValue: 'a' }] } } },
    { key: 'nothing', value: {} },
  ]
  const events = [{ name: 'exception', attributes: [{ key: 'exception.message', value: { stringValue: 'boom' } }] }]
  const [line] = spansIn(body(span({ attributes, events, status: { code: 2, message: 'it broke' } }))) ?? []
  expect(line?.attributes).toEqual({
    word: 'x'.repeat(200),
    whole: 42,
    share: 0.5,
    yes: true,
    list: '{"values":[{"stringValue":"a"}]}',
    'otel.status_code': 'ERROR',
    'otel.status_description': 'it broke',
    'event.exception.exception.message': 'boom',
  })
  const many = Array.from({ length: 60 }, (_, n) => ({ key: `k${n}`, value: { intValue: n } }))
  expect(Object.keys(spansIn(body(span({ attributes: many })))?.[0]?.attributes ?? {})).toHaveLength(40)
})

test('what is no span is left out, what is no body is none', () => {
  const broken = [
    span({ traceId: '0'.repeat(32) }),
    span({ spanId: 'short' }),
    span({ startTimeUnixNano: 'soon' }),
    span({ endTimeUnixNano: null }),
  ]
  expect(spansIn(body(...broken, span()))).toHaveLength(1)
  expect(spansIn({ resourceSpans: [{ scopeSpans: [{ spans: ['x', null] }] }, 7] })).toEqual([])
  for (const none of [null, 7, 'x', [], {}, { resourceSpans: {} }]) expect(spansIn(none)).toBeUndefined()
})
