import { expect, test } from 'vitest'
import { answerOf } from './answer.ts'
import { at } from './correctness.ts'
import { evidenceOf, fnv1a, type Question, type RawAnswer } from './evidence.ts'

const question: Question = { arguments: { page: 3 }, correct: [], keyed: false, instanceHeader: 'x-pod' }
const call = { turn: 1, role: 'cheapRead' as const, arguments: {}, thinkMs: 0 }

function raw(status: number, body: unknown, headers: Record<string, string> = {}): RawAnswer {
  const all: Record<string, string> = { 'content-type': 'application/json', ...headers }
  return { status, header: (name) => all[name.toLowerCase()], body: typeof body === 'string' ? body : JSON.stringify(body) }
}

const message = (rest: object) => ({ jsonrpc: '2.0', id: 'c1', ...rest })

test('a refusal keeps its headers, code, data and id', () => {
  const error = { code: 42901, message: 'Wait 3 s.', data: { code: 'RATE_LIMITED', retryAfterMs: 2_600 } }
  const headers = { 'retry-after': '3', ratelimit: '"agent";r=0;t=3', 'ratelimit-policy': '"agent";q=60;w=60', 'x-pod': 'two' }
  const evidence = evidenceOf(raw(429, message({ error }), headers), question)
  expect(evidence).toEqual({
    status: 429,
    contentType: 'application/json',
    retryAfter: '3',
    rateLimit: '"agent";r=0;t=3',
    rateLimitPolicy: '"agent";q=60;w=60',
    instance: 'two',
    sizeBytes: expect.any(Number),
    parsed: true,
    rpcId: 'c1',
    rpcCode: 42901,
    message: 'Wait 3 s.',
    data: { code: 'RATE_LIMITED', retryAfterMs: 2_600 },
  })
  expect(answerOf(call, 1, evidence, 0)).toEqual({
    call,
    attempt: 1,
    status: 429,
    ok: false,
    lost: false,
    refused: true,
    retryAfterMs: 2_600,
  })
})

test('of a 401 or 403 the challenge is kept, within bounds', () => {
  const challenge = { 'www-authenticate': `Bearer error="invalid_token", error_description="${'x'.repeat(600)}"` }
  for (const status of [401, 403]) {
    const evidence = evidenceOf(raw(status, message({ error: { code: 40101, message: 'no' } }), challenge), question)
    expect(evidence.challenge).toMatch(/^Bearer error="invalid_token"/)
    expect(evidence.challenge).toHaveLength(500)
  }
  expect(evidenceOf(raw(200, message({ result: { content: [] } }), challenge), question)).not.toHaveProperty('challenge')
  expect(evidenceOf(raw(401, ''), question)).not.toHaveProperty('challenge')
})

test('a fine result, as JSON and as an event stream, reads the same', () => {
  const result = { content: [{ type: 'text', text: 'x' }], structuredContent: { page: 3 } }
  const rules = { ...question, correct: [{ at: '/structuredContent/page', equals: '/arguments/page' }] }
  const text = JSON.stringify(message({ result }))
  const plain = evidenceOf(raw(200, text), rules)
  const stream = evidenceOf(raw(200, `event: message\ndata: ${text}\n\n`, { 'content-type': 'text/event-stream' }), rules)
  expect(plain).toMatchObject({ parsed: true, isError: false, correct: true, rpcId: 'c1' })
  expect({ ...stream, sizeBytes: 0, contentType: '' }).toEqual({ ...plain, sizeBytes: 0, contentType: '' })
  expect(answerOf(call, 2, plain, 0)).toEqual({ call, attempt: 2, status: 200, ok: true, lost: false, refused: false })
})

test('a fine result that is only peeked at reads the same, and nothing else is peeked at', () => {
  const rules = { ...question, correct: [{ at: '/structuredContent/rows/1/name', equals: 'b' }] }
  const peeked: string[] = []
  const both = (body: object, status = 200, asked: Question = rules) => {
    const whole = raw(status, body)
    const peek = (path: string) => {
      peeked.push(path)
      const counted = path.endsWith('.#')
      const value = at(body, `/${path.replace('.#', '').replaceAll('.', '/')}`)
      return counted && Array.isArray(value) ? value.length : value
    }
    expect(evidenceOf({ ...whole, peek }, asked)).toEqual(evidenceOf(whole, asked))
    return peeked.splice(0)
  }
  const structuredContent = { rows: [{ name: 'a' }, { name: 'b' }] }
  expect(both(message({ result: { content: [], structuredContent } }))).toContain('result.structuredContent.rows.1.name')
  both(message({ result: { content: [], structuredContent: { rows: [{ name: 'b' }] } } }))
  both(message({ result: { content: [], isError: true, structuredContent: { code: 'X' } } }))
  both(message({ result: {} }))
  both(message({ error: { code: 1, message: 'm' } }))
  both({ result: { content: [] } })
  expect(both(message({ result: { content: [] } }), 429)).toEqual([])
  expect(both(message({ result: { content: [], structuredContent } }), 200, { ...rules, keyed: true })).toEqual([])
  expect(both(message({ result: { content: [] } }), 200, { ...question, correct: [{ at: '/a~1b' }] })).toEqual([])
})

test('a result as most are is known by its head and its rules, in either order; any other is seen whole', () => {
  const result = { content: [], structuredContent: { rows: [{ name: 'a' }], page: 3 }, pad: 'x'.repeat(2_000) }
  const rules: Question = {
    ...question,
    call: 'c1',
    correct: [
      { at: '/structuredContent/rows', is: 'array', minLength: 1 },
      { at: '/structuredContent/page', equals: '/arguments/page' },
    ],
  }
  const looks = (body: string, asked: Question = rules) => {
    const peeked: string[] = []
    const peek = (path: string) => {
      peeked.push(path)
      let message: unknown
      try {
        message = JSON.parse(body)
      } catch {
        return undefined
      }
      const value = at(message, `/${path.replace('.#', '').replaceAll('.', '/')}`)
      return path.endsWith('.#') ? (Array.isArray(value) ? value.length : undefined) : value
    }
    expect(evidenceOf({ ...raw(200, body), peek }, asked)).toEqual(evidenceOf(raw(200, body), asked))
    return peeked
  }
  const text = JSON.stringify(result)
  const [first, last] = [`{"jsonrpc":"2.0","id":"c1","result":${text}}`, `{"result":${text},"jsonrpc":"2.0","id":"c1"}`]
  for (const body of [first, last]) expect(looks(body)).toEqual(['result.structuredContent.rows.#', 'result.structuredContent.page'])
  expect(looks(first, { ...rules, correct: [] })).toEqual(['jsonrpc'])
  // Cut, somebody else's, an error, without what the rules ask for: each is told as it is.
  for (const body of [
    first.slice(0, -2),
    first.replace('c1', 'c2'),
    first.replace('"pad"', '"isError":true,"pad"'),
    first.replace('rows', 'cols'),
  ])
    looks(body)
})

test('of a small result that is text alone the first words are kept, since a limit may hide there; peeked at or parsed', () => {
  const body = (text: string, rest = {}) => message({ result: { content: [{ type: 'text', text }], ...rest } })
  const seen = (answer: object, peeks: boolean) => {
    const peek = (path: string) => (path.endsWith('.#') ? 1 : at(answer, `/${path.replaceAll('.', '/')}`))
    return evidenceOf({ ...raw(200, answer), ...(peeks && { peek }) }, question)
  }
  for (const peeks of [false, true]) {
    expect(seen(body('Usage limit exceeded'), peeks)).toMatchObject({ isError: false, message: 'Usage limit exceeded' })
    expect(seen(body('x'.repeat(1_000)), peeks).message).toHaveLength(300)
    expect(seen(body('x'.repeat(2_000)), peeks)).not.toHaveProperty('message')
    expect(seen(body('Usage limit exceeded', { structuredContent: {} }), peeks)).not.toHaveProperty('message')
  }
})

test('an event stream is searched for the answer, past pings and notifications, over several data lines', () => {
  const body = `: ping\r\n\r\nevent: message\r\ndata: {"jsonrpc":"2.0","method":"notifications/progress"}\r\n\r\ndata: {"jsonrpc":"2.0",\r\ndata: "id":"c1","result":{}}\r\n\r\n`
  expect(evidenceOf(raw(200, body, { 'content-type': 'text/event-stream; charset=utf-8' }), question)).toMatchObject({
    parsed: true,
    rpcId: 'c1',
    isError: false,
  })
})

test.each([
  ['a byte order mark', '\ufeff', 'application/json'],
  ['white space', '\r\n \t', 'application/json'],
  ['a type in capitals', '', 'Application/JSON; Charset=UTF-8'],
  ['no type', '', undefined],
])('a fine result behind %s is one', (_what, before, type) => {
  const headers: Record<string, string> = type === undefined ? {} : { 'Content-Type': type }
  const body = `${before}${JSON.stringify(message({ result: { content: [] } }))}`
  const whole: RawAnswer = { status: 200, header: (name) => headers[name], body }
  expect(evidenceOf(whole, question)).toMatchObject({ parsed: true, rpcId: 'c1', isError: false })
  // k6 takes a body with a mark for no JSON.
  expect(evidenceOf({ ...whole, peek: () => undefined }, question)).toMatchObject({ parsed: true, rpcId: 'c1', isError: false })
})

test('the size is that of what came, or of what it was when that is more', () => {
  const sized = (length: string) => evidenceOf(raw(200, 'x'.repeat(50), { 'content-length': length }), question).sizeBytes
  expect([sized('60'), sized('20'), sized('60, 60')]).toEqual([60, 50, 50])
})

test('a tool that failed keeps its words and its data', () => {
  const result = {
    isError: true,
    content: [{ type: 'text', text: 'Too many requests.' }],
    structuredContent: { code: 'RATE_LIMITED', retryAfterMs: 400 },
  }
  const evidence = evidenceOf(raw(200, message({ result })), {
    ...question,
    keyed: true,
    correct: [{ at: '/structuredContent', is: 'object' }],
  })
  expect(evidence).toMatchObject({ isError: true, message: 'Too many requests.', data: { code: 'RATE_LIMITED', retryAfterMs: 400 } })
  expect(evidence).not.toHaveProperty('correct')
  expect(evidence).not.toHaveProperty('hash')
  expect(answerOf(call, 1, evidence, 0)).toMatchObject({ ok: false, refused: true, lost: false, retryAfterMs: 400 })
})

test.each([
  [{ ok: false, error: { code: 'RATE_LIMITED', message: 'Slow down.', retryAfterMs: 400 } }],
  [{ error: { code: 'RATE_LIMITED', retryAfterMs: 400, ok: false, message: 'Slow down.' } }],
])('what stands one level deeper, as an object called error, is read as if it stood at the top: %j', (told) => {
  const data = { ok: false, code: 'RATE_LIMITED', message: 'Slow down.', retryAfterMs: 400 }
  const result = evidenceOf(raw(200, message({ result: { isError: true, content: [], structuredContent: told } })), question)
  const error = evidenceOf(raw(429, message({ error: { code: -32_000, message: 'no', data: told } })), question)
  expect([result.data, error.data]).toEqual([data, data])
  expect(answerOf(call, 1, result, 0)).toMatchObject({ refused: true, retryAfterMs: 400 })
  const other = evidenceOf(raw(429, message({ error: { code: -32_000, message: 'no', data: { error: 'RATE_LIMITED' } } })), question)
  expect(other.data).toEqual({ error: 'RATE_LIMITED' })
})

test('the hash of a keyed result does not depend on the order of its fields; a replay is marked', () => {
  const keyed = { ...question, keyed: true }
  const first = evidenceOf(raw(200, message({ result: { structuredContent: { invoice: 'INV-7', lines: [{ a: 1, b: 2 }] } } })), keyed)
  const result = { structuredContent: { lines: [{ b: 2, a: 1 }], invoice: 'INV-7' }, _meta: { 'io.example/replayed': true } }
  const replay = evidenceOf(raw(200, message({ result })), keyed)
  const other = evidenceOf(raw(200, message({ result: { structuredContent: { invoice: 'INV-8', lines: [{ a: 1, b: 2 }] } } })), keyed)
  expect(replay.hash).toBe(first.hash)
  expect(replay.replayed).toBe(true)
  expect(first).not.toHaveProperty('replayed')
  expect(other.hash).not.toBe(first.hash)
})

test('a mark within the result, whether it was done now or before, is no other answer; a yes or no of the tool itself is', () => {
  const hash = (result: object) => evidenceOf(raw(200, message({ result })), { ...question, keyed: true }).hash
  const structured = (said: object) => hash({ content: [], structuredContent: said })
  const asText = (said: object) => hash({ content: [{ type: 'text', text: JSON.stringify(said) }] })
  for (const told of [structured, asText]) {
    expect(told({ invoice: 'INV-7', idempotent_replay: true })).toBe(told({ invoice: 'INV-7', idempotent_replay: false }))
    expect(told({ invoice: 'INV-7', created: false })).toBe(told({ invoice: 'INV-7', created: true }))
    expect(told({ invoice: 'INV-7', at: '2026-11-22T10:00:01.5Z' })).toBe(told({ invoice: 'INV-7', at: '2026-11-22T10:00:03.2Z' }))
    expect(told({ invoice: 'INV-7', paid: false })).not.toBe(told({ invoice: 'INV-7', paid: true }))
    expect(told({ invoice: 'INV-7', created: '10:00' })).not.toBe(told({ invoice: 'INV-7', created: '10:01' }))
  }
  const words = (...said: string[]) => hash({ content: said.map((text) => ({ type: 'text', text })) })
  expect(words('Created INV-7.')).not.toBe(words('Created INV-8.'))
  expect(words('{"invoice":"INV-7"}', 'one')).not.toBe(words('{"invoice":"INV-7"}', 'two'))
})

test('FNV-1a gives its published values', () => {
  expect([fnv1a(''), fnv1a('a'), fnv1a('foobar')]).toEqual(['811c9dc5', 'e40c292c', 'bf9cf968'])
})

test('what a tool says as JSON in its text is read as data, structured content before it; a sentence is none', () => {
  const seen = (text: string, rest = {}) =>
    evidenceOf(raw(200, message({ result: { isError: true, content: [{ type: 'text', text }], ...rest } })), question)
  const told = '{"error":{"code":"RATE_LIMITED","retryAfterMs":400}}'
  const evidence = seen(told)
  expect(evidence).toMatchObject({ message: told, data: { code: 'RATE_LIMITED', retryAfterMs: 400 } })
  expect(answerOf(call, 1, evidence, 0)).toMatchObject({ refused: true, retryAfterMs: 400 })
  expect(seen(`Error executing tool list_tables: ${told}`).data).toEqual({ code: 'RATE_LIMITED', retryAfterMs: 400 })
  expect(seen(told, { structuredContent: { code: 'BUSY' } }).data).toEqual({ code: 'BUSY' })
  for (const text of ['Rate limit exceeded: {"retryAfterMs":400}', '"RATE_LIMITED"', '[{}]', ''])
    expect(seen(text)).not.toHaveProperty('data')
  const fine = evidenceOf(raw(200, message({ result: { content: [{ type: 'text', text: told }] } })), question)
  expect(fine).not.toHaveProperty('data')
})

test.each(['java.net.ConnectException: Connection refused', [{ path: ['page'], message: 'Required' }]])(
  'data that is no object is kept as what it is: %j',
  (data) => {
    expect(evidenceOf(raw(200, message({ error: { code: -32_603, message: 'no', data } })), question).data).toEqual({ data })
  },
)

test.each(['', null, undefined])('data that says nothing is none: %j', (data) => {
  expect(evidenceOf(raw(200, message({ error: { code: -32_603, message: 'no', data } })), question)).not.toHaveProperty('data')
})

test('of a stream that ended without an answer the beginning is kept', () => {
  const body = 'id: 7_1\ndata: \n\n: ping\n\n'
  expect(evidenceOf(raw(200, body, { 'content-type': 'text/event-stream' }), question)).toMatchObject({ parsed: false, message: body })
})

test.each(['', '<html>Bad gateway</html>', '[]', '{"jsonrpc":"2.0"}', '{"result":{}}', '{"jsonrpc":"2.0","id":"c1","res'])(
  'a body that is no answer is not parsed: %j',
  (body) => {
    expect(evidenceOf(raw(502, body), question)).toEqual({
      status: 502,
      contentType: 'application/json',
      sizeBytes: body.length,
      parsed: false,
      ...(body !== '' && { message: body }),
    })
    expect(evidenceOf(raw(429, body), question).message).toBe(body || undefined)
  },
)

test('of a page of errors the beginning is kept', () => {
  expect(evidenceOf(raw(503, `no healthy upstream${' '.repeat(9_000)}`), question).message).toHaveLength(300)
})

test('data has a bound', () => {
  const data = { code: 'X', long: 'y'.repeat(5_000) }
  expect(evidenceOf(raw(400, message({ error: { code: 1, message: 'm', data } })), question).data).toEqual({ code: 'X' })
})

test.each([
  ['timeout', true],
  ['reset', true],
  ['cut', true],
  ['other', true],
  ['refused', false],
  ['dns', false],
  ['tls', false],
] as const)('no answer (%s): lost is %s', (transport, lost) => {
  const evidence = evidenceOf({ status: 0, transport, transportText: 'why', header: () => undefined, body: '' }, question)
  expect(evidence).toEqual({ status: 0, transport, transportText: 'why' })
  expect(answerOf(call, 1, evidence, 0)).toMatchObject({ lost, ok: false, refused: false })
})

test('Retry-After may be a date', () => {
  const nowMs = Date.parse('Wed, 21 Oct 2026 07:28:00 GMT')
  expect(answerOf(call, 1, { status: 503, retryAfter: 'Wed, 21 Oct 2026 07:28:09 GMT' }, nowMs).retryAfterMs).toBe(9_000)
  expect(answerOf(call, 1, { status: 503, retryAfter: '5' }, nowMs).retryAfterMs).toBe(5_000)
  expect(answerOf(call, 1, { status: 503, retryAfter: 'soon' }, nowMs)).not.toHaveProperty('retryAfterMs')
})

test('of an answer that names a date, its own Date is kept', () => {
  const date = 'Wed, 21 Oct 2026 07:28:00 GMT'
  const dateOf = (retryAfter: string, status = 503) => evidenceOf(raw(status, '', { date, 'retry-after': retryAfter }), question).date
  expect([dateOf('Wed, 21 Oct 2026 07:28:09 GMT'), dateOf('9'), dateOf(date, 200)]).toEqual([date, undefined, undefined])
})

test('a result that asks for input is no result', () => {
  const result = { resultType: 'input_required', inputRequests: { who: { method: 'elicitation/create', params: {} } }, requestState: 'x' }
  const evidence = evidenceOf(raw(200, message({ result })), { ...question, correct: [{ at: '/content', is: 'array' }] })
  expect(evidence).toEqual({
    status: 200,
    contentType: 'application/json',
    sizeBytes: expect.any(Number),
    parsed: true,
    rpcId: 'c1',
    message: 'input required: elicitation/create',
  })
  expect(answerOf(call, 1, evidence, 0)).toMatchObject({ ok: false, lost: false, refused: false })
})
