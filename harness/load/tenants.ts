// Whose rows an answer has, by its own word: the values at the places that the role names. Read by the engine's look-up where it has one
// (`rows.#.tenant`: that of each item), else from the whole body. Pure; runs inside k6, and only for roles that name a place.
import type { TenantsAt } from '../plan/plan.ts'
import { at } from './correctness.ts'
import { parseAnswer, type RawAnswer } from './evidence.ts'
import { canPeek, isPlainPointer, type Peekable } from './peeked.ts'

const TENANTS_MAX = 10

/** Each once, in the order in which they come. */
export function tenantsIn(raw: RawAnswer, places: readonly TenantsAt[]): string[] {
  const type = raw.header('Content-Type') ?? ''
  const plain = places.every(({ at: pointer, each = '/x' }) => isPlainPointer(pointer) && isPlainPointer(each))
  const peekable = plain && canPeek(raw) && type.startsWith('application/json') ? raw : undefined
  const result = peekable ? undefined : parseAnswer(raw.body, type)?.result
  const found = new Set<string>()
  for (const place of places) {
    for (const value of peekable ? peeked(peekable, place) : whole(result, place)) {
      if (value !== undefined && value !== null && found.size < TENANTS_MAX) found.add(String(value))
    }
  }
  return [...found]
}

function peeked(raw: Peekable, { at: pointer, each }: TenantsAt): unknown[] {
  const path = `result${pointer.replaceAll('/', '.')}`
  const value = raw.peek(each === undefined ? path : `${path}.#${each.replaceAll('/', '.')}`)
  return Array.isArray(value) ? value : [value]
}

function whole(result: unknown, { at: pointer, each = '' }: TenantsAt): unknown[] {
  const value = at(result, pointer)
  return (Array.isArray(value) ? value : [value]).map((item) => at(item, each))
}
