import { describe, expect, test } from 'vitest'
import {
  attemptLine,
  clockLine,
  effectLine,
  examples,
  faultLine,
  generatorLine,
  hitLine,
  leakLine,
  loadLine,
  sampleLine,
  spanLine,
} from './event-schema.ts'

const schemas = {
  attempt: attemptLine,
  clock: clockLine,
  effect: effectLine,
  fault: faultLine,
  generator: generatorLine,
  hit: hitLine,
  leak: leakLine,
  sample: sampleLine,
  span: spanLine,
}

function schemaOf(kind: string) {
  return schemas[kind as keyof typeof schemas] ?? loadLine
}

describe('raw lines', () => {
  test.each(examples.map((example) => [example.kind, example] as const))('the example of a %s line is one', (kind, example) => {
    expect(schemaOf(kind).safeParse(example).error).toBeUndefined()
  })

  test('there is an example of every kind', () => {
    expect(new Set(examples.map(({ kind }) => kind))).toEqual(
      new Set([
        'start',
        'send',
        'end',
        'stop',
        'crash',
        'generator',
        'fault',
        'attempt',
        'sample',
        'effect',
        'clock',
        'hit',
        'span',
        'leak',
      ]),
    )
  })

  test.each(examples.map((example) => [example.kind, example] as const))('a %s line without one of its fields is none', (kind, example) => {
    const required = Object.keys(example).filter((field) => !OPTIONAL.has(field) && !OPTIONAL.has(`${kind}.${field}`))
    for (const field of required) {
      const { [field]: _left, ...rest } = example as unknown as Record<string, unknown>
      expect(schemaOf(kind).safeParse(rest).success, `${kind} without ${field}`).toBe(false)
    }
  })

  test('unknown fields are let through', () => {
    expect(clockLine.safeParse({ kind: 'clock', atMs: 1, monotonicMs: 1, source: 'newer' }).success).toBe(true)
  })
})

const OPTIONAL: ReadonlySet<string> = new Set([
  'detail',
  'instance',
  'contentType',
  'retryAfter',
  'rpcId',
  'parsed',
  'rpcCode',
  'message',
  'data',
  'hit.call',
  'hit.trace',
  'span.parent',
  'leak.call',
])
