import { expect, test } from 'vitest'
import { asksForHelp, bad, oneOf, parsed, typedAgain, whole } from './arguments.ts'

const SPEC = {
  seed: { type: 'string', default: '1' },
  target: { type: 'string' },
  open: { type: 'boolean', default: false },
  fault: { type: 'string', multiple: true },
} as const

test('values have what the spec says of them', () => {
  const { values, positionals } = parsed('scenario', SPEC, ['x', '--target', 't', '--fault', 'a', '--fault', 'b'])
  expect({ ...values }).toEqual({ seed: '1', target: 't', open: false, fault: ['a', 'b'] })
  expect(positionals).toEqual(['x'])
})

test.each([
  [['--tarjet', 't'], "Unknown option '--tarjet'", 'did you mean --target?'],
  [['--hlp'], "Unknown option '--hlp'", 'did you mean --help?'],
  [['--starboard'], "Unknown option '--starboard'", 'see: npm run scenario -- --help'],
  [['--target'], "Option '--target <value>' argument missing", 'see: npm run scenario -- --help'],
  [['--target', '--open'], "Option '--target' argument is ambiguous", 'see: npm run scenario -- --help'],
  [['--open=yes'], "Option '--open' does not take an argument", 'see: npm run scenario -- --help'],
])('%j is refused with what to type', (words, message, hint) => {
  expect(() => parsed('scenario', SPEC, words)).toThrow(expect.objectContaining({ code: 'BAD_OPTION', message, hint }))
})

test.each(['', '-1', '1.5', '1e1', '0x5', ' 5', '11'])('%j is no whole number from 1 to 10', (text) => {
  expect(() => whole('port', text, 1, 10)).toThrow(bad(`--port is ${JSON.stringify(text)}`, '--port must be a whole number from 1 to 10'))
  expect(whole('port', '10', 1, 10)).toBe(10)
})

test('one of a few words', () => {
  expect(oneOf('scale', 'full', ['quick', 'full'])).toBe('full')
  expect(() => oneOf('scale', 'huge', ['quick', 'full'])).toThrow(
    expect.objectContaining({ code: 'BAD_OPTION', message: '--scale is "huge"', hint: '--scale must be quick or full' }),
  )
})

test('help is asked for among the options, not among what is behind them', () => {
  expect([['--help'], ['x', '-h'], ['x', '--seed', '1', '--help']].map(asksForHelp)).toEqual([true, true, true])
  expect([[], ['help'], ['--', '--help']].map(asksForHelp)).toEqual([false, false, false])
})

test('what was given is typed again, quoted for a shell', () => {
  const again = (words: string[]) => typedAgain(SPEC, parsed('scenario', SPEC, words).values, { always: ['seed'], never: ['open'] })
  expect(again(['--open'])).toBe('--seed 1')
  expect(again(['--fault', 'a', '--seed', '7', '--fault', "it's b"])).toBe("--seed 7 --fault a --fault 'it'\\''s b'")
})

test.each([
  ['postgres://ann:hidden@db:5432/x?sslmode=disable&password=hidden', 'postgres://ann@db:5432/x?sslmode=disable'],
  ['redis://:hidden@127.0.0.1:6379', 'redis://127.0.0.1:6379'],
  ['https://hidden@otel.example/v1?api_key=hidden', 'https://otel.example/v1'],
])('no secret of %s is typed again', (address, shown) => {
  expect(typedAgain(SPEC, { target: address })).toMatch(`--target ${shown.includes('?') ? `'${shown}'` : shown}`)
})
