// A fine result without parsing it: inside k6 a body of 1 KB takes as long to parse as its call to send, a look-up
// of one field by the engine a thirtieth of that. Whatever is not plainly fine is left to be seen whole. Pure.
import type { Evidence } from '../history/load-line.ts'
import type { Correctness } from '../plan/plan.ts'
import { isCorrect } from './correctness.ts'
import type { Question, RawAnswer } from './evidence.ts'

/** A limit may be told in a result that says it is fine: of small ones that are text alone, this much is kept. */
export const TEXT_CHARACTERS_MAX = 300

export type Peekable = Required<Pick<RawAnswer, 'peek'>> & RawAnswer

export function canPeek(raw: RawAnswer): raw is Peekable {
  return raw.peek !== undefined
}

const PLAIN_POINTER = /^(\/[\w-]+)+$/

/** Does it read the same as a dotted path? */
export function isPlainPointer(pointer: string): boolean {
  return PLAIN_POINTER.test(pointer)
}

/**
 * Adds the evidence of a result that is no error, without parsing it. False, and nothing added: it
 * is something else, or must be seen whole.
 * @param wordsAlone what it says, it says in its text
 */
export function peekResult(evidence: Evidence, raw: RawAnswer, contentType: string, question: Question, wordsAlone: boolean): boolean {
  const { correct, keyed } = question
  if (!canPeek(raw) || keyed || raw.status !== 200 || !contentType.startsWith('application/json')) return false
  const paths = pathsOf(correct)
  if (!paths) return false
  if (!wordsAlone && peekUsual(evidence, raw, question, paths)) return true
  const fine = raw.peek('jsonrpc') === '2.0' && typeof raw.peek('result.content.#') === 'number' && raw.peek('result.isError') !== true
  if (!fine) return false
  const id = raw.peek('id')
  evidence.parsed = true
  if (isId(id)) evidence.rpcId = id
  evidence.isError = false
  const text = wordsAlone ? raw.peek('result.content.0.text') : undefined
  if (typeof text === 'string') evidence.message = text.slice(0, TEXT_CHARACTERS_MAX)
  const lookUp = (pointer: string) => raw.peek(`result${pointer.replaceAll('/', '.')}`)
  if (correct.length > 0) evidence.correct = isCorrect(correct, lookUp, question.arguments)
  return true
}

/**
 * The same of a result that begins and ends as most do, by a look at its head and one at what its rules ask for (which also tells that the
 * body is JSON at all): five looks less.
 */
function peekUsual(evidence: Evidence, raw: Peekable, { call, correct, arguments: given }: Question, paths: readonly string[]): boolean {
  const { body } = raw
  if (call === undefined || body.includes('"isError"')) return false
  const idFirst = body.startsWith(`{"jsonrpc":"2.0","id":"${call}","result":{"content":[`)
  const idLast = !idFirst && body.startsWith('{"result":{"content":[') && body.endsWith(`},"jsonrpc":"2.0","id":"${call}"}`)
  if (!idFirst && !idLast) return false
  if (correct.length === 0 && raw.peek('jsonrpc') !== '2.0') return false
  let all = true
  for (let n = 0; n < correct.length; n++) {
    const rule = correct[n] as Correctness
    const path = paths[n] as string
    // Of a list its length is enough, and cheaper than the list.
    const counted = rule.is === 'array' && rule.equals === undefined
    const value = raw.peek(counted ? `${path}.#` : path)
    if (value === undefined) return false
    all = all && (counted ? typeof value === 'number' && value >= (rule.minLength ?? 0) : isCorrect([rule], () => value, given))
  }
  evidence.parsed = true
  evidence.rpcId = call
  evidence.isError = false
  if (correct.length > 0) evidence.correct = all
  return true
}

/** A role's rules are the same for all of its calls. */
const known = new WeakMap<readonly Correctness[], string[] | undefined>()

/** Of each rule, the dotted path that means the same as its pointer; undefined when one has none. */
function pathsOf(correct: readonly Correctness[]): string[] | undefined {
  if (!known.has(correct)) {
    const plain = correct.every(({ at, or = at }) => PLAIN_POINTER.test(at) && PLAIN_POINTER.test(or))
    known.set(correct, plain ? correct.map(({ at }) => `result${at.replaceAll('/', '.')}`) : undefined)
  }
  return known.get(correct)
}

export function isId(id: unknown): id is string | number | null {
  return typeof id === 'string' || typeof id === 'number' || id === null
}
