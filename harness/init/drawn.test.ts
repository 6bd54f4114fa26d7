import { expect, test } from 'vitest'
import { drawnOf, hasTodo, sampleOf } from './drawn.ts'
import { argumentsText } from './source-text.ts'

const one = (property: object, rest: object = {}) => drawnOf({ type: 'object', required: ['a'], properties: { a: property }, ...rest })

test.each([
  [{ const: 7 }, '() => ({ a: 7 })'],
  [{ enum: ['x', 'y'] }, "(draw) => ({ a: draw.pick(['x', 'y']) })"],
  [{ type: 'string', examples: ['acme/site'] }, "() => ({ a: 'acme/site' })"],
  [{ type: 'string', default: 'x' }, "() => ({ a: 'x' })"],
  [{ type: 'integer', minimum: 1, maximum: 500 }, '(draw) => ({ a: draw.int(1, 50) })'],
  [{ type: 'integer', exclusiveMinimum: 0 }, '() => ({ a: 1 })'],
  [{ type: 'integer', minimum: 3, maximum: 3 }, '() => ({ a: 3 })'],
  [{ type: 'boolean' }, '(draw) => ({ a: draw.pick([true, false]) })'],
  [{ type: 'array', items: { type: 'string' } }, '() => ({ a: [] })'],
  [{ type: 'array', minItems: 1, items: { enum: [1] } }, '() => ({ a: [1] })'],
  [{ type: 'array', items: { enum: ['x', 'y'] } }, "(draw) => ({ a: [draw.pick(['x', 'y'])] })"],
  [{ type: 'array', minItems: 2, items: { type: 'integer', minimum: 1 } }, '() => ({ a: [1, 1] })'],
  [{ type: 'array', minItems: 2, uniqueItems: true, items: { enum: ['x', 'y', 'z'] } }, "() => ({ a: ['x', 'y'] })"],
  [{ type: 'string', example: 'acme/site' }, "() => ({ a: 'acme/site' })"],
  [{ allOf: [{ type: 'string' }], default: 'x' }, "() => ({ a: 'x' })"],
  [{ allOf: [{ type: 'string', enum: ['x'] }] }, "() => ({ a: 'x' })"],
  [{ allOf: [{ type: 'string' }], description: 'which' }, "() => ({ a: todo('a: which') })"],
  [{ anyOf: [{ type: 'string' }, { type: 'null' }] }, '() => ({ a: null })'],
  [{ type: ['string', 'null'] }, '() => ({ a: null })'],
  [{ type: 'string', description: 'The id\nof it' }, "() => ({ a: todo('a: The id of it') })"],
  [{ type: 'object', required: ['b'], properties: { b: { const: 1 }, c: {} } }, '() => ({ a: { b: 1 } })'],
  [{ type: 'number' }, "() => ({ a: todo('a') })"],
  [{ type: 'string', format: 'uuid' }, "() => ({ a: todo('a') })"],
])('%j becomes %s', (property, text) => {
  const drawn = one(property)
  expect(argumentsText(drawn)).toBe(text)
  if (!hasTodo(drawn)) expect(sampleOf(drawn)).toHaveProperty('a')
})

test('what may be left out is left out; references are followed, circles end', () => {
  expect(argumentsText(drawnOf({ properties: { a: {} } }))).toBe('() => ({})')
  expect(argumentsText(one({ $ref: '#/$defs/x' }, { $defs: { x: { const: 2 } } }))).toBe('() => ({ a: 2 })')
  expect(hasTodo(one({ $ref: '#/$defs/x' }, { $defs: { x: { $ref: '#/$defs/x' } } }))).toBe(true)
  const circle = { type: 'object', required: ['a'], properties: { a: { $ref: '#' } } }
  expect(hasTodo(drawnOf(circle))).toBe(true)
  const both = [
    { type: 'object', required: ['b'], properties: { b: { const: 1 } } },
    { required: ['c'], properties: { c: { const: 2 } } },
  ]
  expect(argumentsText(one({ allOf: both }))).toBe('() => ({ a: { b: 1, c: 2 } })')
})

test.each([undefined, null, 5, 'x', [], { type: 'object', required: 'a' }, { enum: [1] }])(
  'a schema that is none (%j) asks for nothing',
  (schema) => {
    expect(argumentsText(drawnOf(schema))).toBe('() => ({})')
  },
)

test('an example of the whole is taken whole', () => {
  expect(argumentsText(drawnOf({ examples: [{ a: { 'b-c': [1, null] } }] }))).toBe("() => ({ a: { 'b-c': [1, null] } })")
})

test.each([
  ['circles by many ways', { $ref: '#' }],
  ['long lists in lists', [1, 2, 3, 4].reduce<object>((items) => ({ type: 'array', minItems: 20, items }), { const: 1 })],
])('%s are followed only so far', (_, property) => {
  const names = ['a', 'b', 'c', 'd']
  const drawn = drawnOf({ type: 'object', required: names, properties: Object.fromEntries(names.map((name) => [name, property])) })
  expect(hasTodo(drawn)).toBe(true)
  expect(JSON.stringify(drawn).length).toBeLessThan(200_000)
})
