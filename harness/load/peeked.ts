// A fine result without parsing it: inside k6 a body of 1 KB takes as long to parse as its call to send, a look-up of one field by the engine a
// thirtieth of that. Whatever is not plainly fine is left to be seen whole. Pure.
import type { Evidence } from '../history/load-line.ts'
import type { Correctness } from '../plan/plan.ts'
import { isCorrect } from './correctness.ts'
import type { Asked, RawAnswer } from './evidence.ts'

/** A limit may be told in a result that says it is fine: of small ones that are text alone, this much is kept. */
export const TEXT_CHARACTERS_MAX = 300

/** Pointers that read the same as dotted paths. */
const PLAIN_POINTER = /^(\/[\w-]+)+$/

/** Evidence of a result that is no error, without parsing it; undefined when it is something else or must be seen whole. */
export function peekedResult(
  raw: RawAnswer,
  contentType: string,
  { call, correct, arguments: given, keyed, wordsAlone }: Asked,
): Partial<Evidence> | undefined {
  const { peek } = raw
  if (!peek || keyed || raw.status !== 200 || !contentType.startsWith('application/json')) return undefined
  const paths = pathsOf(correct)
  if (!paths) return undefined
  const usual = !wordsAlone && usualResult(raw.body, call, correct, paths, given, peek)
  if (usual) return usual
  const fine = peek('jsonrpc') === '2.0' && typeof peek('result.content.#') === 'number' && peek('result.isError') !== true
  if (!fine) return undefined
  const evidence: Partial<Evidence> = { parsed: true, ...idOf(peek('id')), isError: false }
  const text = wordsAlone ? peek('result.content.0.text') : undefined
  if (typeof text === 'string') evidence.message = text.slice(0, TEXT_CHARACTERS_MAX)
  if (correct.length > 0) evidence.correct = isCorrect(correct, (pointer) => peek(`result${pointer.replaceAll('/', '.')}`), given)
  return evidence
}

/**
 * Evidence of a result that begins and ends as most do, by a look at its head and one at what its rules ask for (which also tells that the
 * body is JSON at all): five looks less. Undefined: it must be seen more closely.
 */
function usualResult(
  body: string,
  call: string | undefined,
  correct: readonly Correctness[],
  paths: readonly string[],
  given: Record<string, unknown>,
  peek: (path: string) => unknown,
): Partial<Evidence> | undefined {
  if (call === undefined || body.includes('"isError"')) return undefined
  const idFirst = body.startsWith(`{"jsonrpc":"2.0","id":"${call}","result":{"content":[`)
  const idLast = !idFirst && body.startsWith('{"result":{"content":[') && body.endsWith(`},"jsonrpc":"2.0","id":"${call}"}`)
  if (!idFirst && !idLast) return undefined
  const evidence: Partial<Evidence> = { parsed: true, rpcId: call, isError: false }
  if (correct.length === 0) return peek('jsonrpc') === '2.0' ? evidence : undefined
  let all = true
  for (let n = 0; n < correct.length; n++) {
    const rule = correct[n] as Correctness
    const path = paths[n] as string
    // Of a list its length is enough, and cheaper than the list.
    const counted = rule.is === 'array' && rule.equals === undefined
    const value = peek(counted ? `${path}.#` : path)
    if (value === undefined) return undefined
    all = all && (counted ? typeof value === 'number' && value >= (rule.minLength ?? 0) : isCorrect([rule], () => value, given))
  }
  evidence.correct = all
  return evidence
}

/** A role's rules are the same for all of its calls. */
const known = new WeakMap<readonly Correctness[], string[] | undefined>()

/** Of each rule, the dotted path that means the same as its pointer; undefined when one has none. */
function pathsOf(correct: readonly Correctness[]): string[] | undefined {
  if (!known.has(correct)) {
    const plain = correct.every((rule) => PLAIN_POINTER.test(rule.at))
    known.set(correct, plain ? correct.map(({ at }) => `result${at.replaceAll('/', '.')}`) : undefined)
  }
  return known.get(correct)
}

export function idOf(id: unknown): Partial<Evidence> {
  return typeof id === 'string' || typeof id === 'number' || id === null ? { rpcId: id } : {}
}
