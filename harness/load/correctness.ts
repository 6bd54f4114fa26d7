// A role's correctness rules, evaluated on an answer: data, not code, so that the plan can carry them. Pure; runs inside k6.
// A pointer is RFC 6901 into the result. `equals` with a string that starts with `/arguments/` compares with what was asked.
import type { Correctness } from '../plan/plan.ts'

/**
 * Do all rules hold?
 * @param read what a pointer into the result leads to; undefined when it leads nowhere
 */
export function isCorrect(rules: readonly Correctness[], read: (pointer: string) => unknown, given: Record<string, unknown>): boolean {
  return rules.every((rule) => {
    const value = read(rule.at)
    return holds(rule, value === undefined && rule.or !== undefined ? read(rule.or) : value, given)
  })
}

function holds({ is, minLength, equals }: Correctness, value: unknown, given: Record<string, unknown>): boolean {
  if (value === undefined) return false
  if (is !== undefined && typeName(value) !== is) return false
  if (minLength !== undefined && !(hasLength(value) && value.length >= minLength)) return false
  if (equals === undefined) return true
  const expected = typeof equals === 'string' && equals.startsWith('/arguments/') ? at({ arguments: given }, equals) : equals
  return value === expected
}

/** What a JSON pointer leads to; undefined when it leads nowhere. */
export function at(document: unknown, pointer: string): unknown {
  if (pointer === '') return document
  let value = document
  for (const key of keysOf(pointer)) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined
    if (Array.isArray(value) && !/^\d+$/.test(key)) return undefined
    value = (value as Record<string, unknown>)[key]
  }
  return value
}

/** A role's pointers are the same for all of its calls. */
const known = new Map<string, string[]>()
const KNOWN_MAX = 1_000

function keysOf(pointer: string): string[] {
  const found = known.get(pointer)
  if (found) return found
  const keys = pointer
    .slice(1)
    .split('/')
    .map((token) => token.replaceAll('~1', '/').replaceAll('~0', '~'))
  if (known.size < KNOWN_MAX) known.set(pointer, keys)
  return keys
}

function typeName(value: unknown): string {
  if (Array.isArray(value)) return 'array'
  return value === null ? 'null' : typeof value
}

function hasLength(value: unknown): value is { length: number } {
  return Array.isArray(value) || typeof value === 'string'
}
