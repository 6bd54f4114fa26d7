// What is wrong with the effects of one idempotency key: what its agents were told, over all attempts, held against its rows. A key that
// agents of several tenants use is an intent of each of them, with rows of its own where the count says whose they are. A server that only
// says that it is doing it, or has done it already, has neither done it now nor failed.
//
// Not modelled: what is missing from the record. Each violation says what must be there whole for it to be certain.
import { codesOf } from '../history/codes.ts'
import type { Call, CallClass } from '../history/event.ts'
import type { History } from '../history/history.ts'
import type { EffectLine } from '../history/raw-line.ts'
import { wordsOf } from '../history/words.ts'
import type { Role } from '../plan/plan.ts'
import type { Remedy } from './check.ts'
import { some } from './finding.ts'

const OF_OTHER_ARGUMENTS: Remedy = {
  control: 'idempotency',
  do: 'Keep a hash of the arguments beside the key, and refuse a known key that comes with other arguments (422): it is another intent.',
  runbook: 'IDEMPOTENCY_MISMATCH',
}
const OF_OTHER_TENANTS: Remedy = {
  control: 'idempotency',
  do: 'Make the tenant (better: tenant, agent and tool) part of what the key is kept under: what one caller’s key holds is nobody else’s to get.',
  runbook: 'IDEMPOTENCY_MISMATCH',
}

export interface Key {
  key: string
  rows: number
  names: readonly string[]
  calls: Call[]
  /** How many may use it, by the plan: each has it for itself. */
  tenants: number
  /** Whose the rows are; absent: the count did not say, or named somebody whom nobody knows. */
  whose?: Map<string, Counted>
}

export interface Violation {
  text: string
  calls: Call[]
  /** What must be there whole for it to be certain. `whose`: that is not known of the rows, and decides. */
  needs: 'nothing' | 'effects' | 'all attempts' | 'whose'
  /** Instead of the check's own. */
  remedy?: Remedy
}

export function keysOf({ calls, effects, manifest, plan: { agents, sharedKeys } }: History): Map<string, Key> {
  const keys = new Map<string, Key>()
  const tenants = new Set(agents.map(({ tenant }) => tenant))
  const told = effects.every(({ tenant }) => tenant !== undefined && tenants.has(tenant))
  // A loop numbers its rounds.
  const planned = (key: string) => key.slice(manifest.run.length + 1).replace(/-r\d+$/, '')
  const keyOf = (key: string): Key => ({ key, rows: 0, names: [], calls: [], tenants: sharedKeys?.[planned(key)] ?? 1 })
  const roles = judgedRoles(effects, manifest.observed.effectRoles)
  for (const call of calls) {
    if (call.key === undefined || call.role === 'handshake' || !(roles?.has(call.role) ?? true)) continue
    const key = keys.get(call.key) ?? keyOf(call.key)
    key.calls.push(call)
    keys.set(call.key, key)
  }
  for (const line of effects) {
    const known = keys.get(line.key) ?? keyOf(line.key)
    const { tenant = '' } = line
    const whose = known.whose ?? new Map<string, Counted>()
    if (told && known.tenants > 1) known.whose = whose.set(tenant, withRows(whose.get(tenant) ?? NO_ROWS, line))
    keys.set(line.key, { ...known, ...withRows(known, line) })
  }
  return keys
}

type Counted = Pick<Key, 'rows' | 'names'>

const NO_ROWS: Counted = { rows: 0, names: [] }

function withRows(known: Counted, line: Counted): Counted {
  return { rows: known.rows + line.rows, names: [...known.names, ...line.names] }
}

/** Roles whose effects were counted; undefined: all that carry a key. */
function judgedRoles(effects: readonly EffectLine[], declared: readonly Role[] | undefined): Set<Role> | undefined {
  const roles = new Set(declared ?? effects.map(({ role }) => role))
  return roles.size > 0 ? roles : undefined
}

/** Several violations of one key are told as its worst. */
export function violations({ key, rows, names, calls: all, tenants, whose }: Key): Violation[] {
  const rowsText = names.length > 0 ? `rows ${names.join(', ')}` : some(rows, 'row')
  const alone = tenants === 1
  if (rows > tenants)
    return [{ text: `key ${key}${alone ? '' : `, of ${tenants} tenants`}: ${rowsText}${whenAsked(all)}`, calls: all, needs: 'nothing' }]
  const accepted = all.filter(({ altered, outcome }) => altered && outcome === 'ok')
  if (accepted.length > 0) {
    const text = `key ${key}: another payload was answered as if it were the first`
    return [{ text, calls: accepted, needs: 'nothing', remedy: OF_OTHER_ARGUMENTS }]
  }
  const own = all.filter(({ altered }) => !altered)
  const asked = [...Map.groupBy(own, ({ tenant }) => tenant).values()]
  const [ok, failed] = [asked.filter(toldOk), asked.filter(toldFail)]
  if (rows < ok.length) {
    const [who, left] = ok.length === 1 ? ['answered ok', 'no row'] : [`agents of ${ok.length} tenants were told ok`, `it left ${rowsText}`]
    const remedy = ok.length > 1 && { remedy: OF_OTHER_TENANTS }
    return [{ text: `key ${key}: ${who}, but ${left}`, calls: ok.flat(), needs: 'effects', ...remedy }]
  }
  if (failed.length > 0 && rows > tenants - failed.length) {
    const who = alone ? 'told' : `told an agent of ${failed.length} of ${tenants} tenants`
    return [{ text: `key ${key}: ${who} that it failed, but it left ${rowsText}`, calls: failed.flat(), needs: 'all attempts' }]
  }
  if (whose) {
    const each = [...new Set([...whose.keys(), ...all.map(({ tenant }) => tenant)])].map((tenant) => ({
      ...(whose.get(tenant) ?? NO_ROWS),
      ...{ key, tenants: 1, calls: all.filter((call) => call.tenant === tenant) },
    }))
    return each.map(violations).find(({ length }) => length > 0) ?? []
  }
  const wrong = asked.map((calls) => wronglyAnswered(key, calls)).find(({ length }) => length > 0)
  if (wrong || failed.length === 0 || rows <= ok.length) return wrong ?? []
  const text = `key ${key}: of ${tenants} tenants one was told that it failed, another nothing, and it left ${rowsText}: \`tenant\` in effects.sql would say whose`
  return [{ text, calls: failed.flat(), needs: 'whose' }]
}

function toldOk(calls: readonly Call[]): boolean {
  return calls.some(({ outcome }) => outcome === 'ok')
}

/** An attempt that something on the way has sent twice is told of the other one alone: neither a word about a failure. */
function toldFail(calls: readonly Call[]): boolean {
  return calls.every(({ outcome }) => outcome === 'fail') && !calls.every((call) => isUnderWay(call) || isDone(call))
}

const UNDER_WAY = /\bin[- ]?progress\b|\b(?:still|already) (?:running|being processed)\b/i
const DONE = new RegExp(
  [
    String.raw`\bduplicate (?:request|call|key|submission|transaction)`,
    String.raw`\balready (?:been )?(?:processed|done|created|completed|handled|exists?|recorded|submitted|executed|applied|paid|refunded)\b`,
  ].join('|'),
  'i',
)

function isUnderWay(call: Call): boolean {
  return DENIES.has(call.class) && UNDER_WAY.test(spoken(call))
}

/** A server that refuses what it has done, instead of giving the first answer again, says the truth all the same. */
function isDone(call: Call): boolean {
  return DENIES.has(call.class) && !isUnderWay(call) && DONE.test(spoken(call))
}

function spoken({ evidence }: Call): string {
  return [...codesOf(evidence), wordsOf(evidence)].join('\n').replaceAll('_', ' ')
}

/** `; asked 2 times, at once: 0.815–0.837 s, 0.816–0.841 s`: whether they met tells a lost answer from a race. */
function whenAsked(calls: readonly Call[]): string {
  if (calls.length < 2) return ''
  const sorted = [...calls].sort((a, b) => a.sentAtMs - b.sentAtMs)
  const met = sorted.some((call, n) => (sorted[n - 1]?.endedAtMs ?? Number.NEGATIVE_INFINITY) > call.sentAtMs)
  const s = (ms: number) => (ms / 1_000).toFixed(3)
  const each = sorted.slice(0, 3).map(({ sentAtMs, endedAtMs }) => `${s(sentAtMs)}–${endedAtMs === undefined ? '' : s(endedAtMs)} s`)
  return `; asked ${calls.length} times, ${met ? 'at once' : 'one after the other'}: ${each.join(', ')}`
}

/** What the answers to one tenant prove. */
function wronglyAnswered(key: string, calls: readonly Call[]): Violation[] {
  const answers = calls.filter(({ outcome, evidence }) => outcome === 'ok' && evidence.hash !== undefined)
  answers.sort((a, b) => (a.endedAtMs ?? 0) - (b.endedAtMs ?? 0))
  const [first, ...later] = answers
  const other = later.filter(({ evidence }) => evidence.hash !== first?.evidence.hash)
  if (first && other.length > 0)
    return [{ text: `key ${key}: asked again, it got another answer than at first`, calls: [...other, first], needs: 'nothing' }]
  const wrong = calls.filter(
    ({ outcome, attempt, evidence }) => outcome === 'ok' && evidence.correct === false && (attempt > 1 || evidence.replayed === true),
  )
  if (wrong.length > 0)
    return [{ text: `key ${key}: asked again, it got an answer that breaks its role's rules`, calls: wrong, needs: 'nothing' }]
  // Turns of a task carry their own arguments; attempts at one turn always the same.
  const turns = new Set(calls.map(({ agent, task, turn }) => `${agent}\n${task}\n${turn}`))
  if (turns.size > 1) return []
  const mismatched = calls.filter(toldMismatch)
  if (mismatched.length > 0)
    return [{ text: `key ${key}: told that its arguments had changed, but they had not`, calls: mismatched, needs: 'nothing' }]
  const toldAtMs = first?.endedAtMs ?? Number.POSITIVE_INFINITY
  const denied = calls.filter((call) => DENIES.has(call.class) && !isDone(call) && call.sentAtMs > toldAtMs)
  if (denied.length === 0) return []
  return [{ text: `key ${key}: told ok, then, asked again, that it cannot be done`, calls: denied, needs: 'nothing' }]
}

/** Words on the call itself: a budget or a dependency in the way says nothing of what was done. */
const DENIES: ReadonlySet<CallClass> = new Set(['conflict', 'invalid'])

/** `IDEMPOTENCY_MISMATCH`, 42201, or another server's word for it; in plain words too, since many have no codes. */
function toldMismatch({ class: is, outcome, evidence }: Call): boolean {
  if (is === 'conflict' && codesOf(evidence).some((code) => /^42201$|mismatch/i.test(code))) return true
  return outcome !== 'ok' && OTHER_ARGUMENTS.test(evidence.message ?? '')
}

/** As Stripe says it, too: "can only be used with the same parameters they were first used with". */
const OTHER_ARGUMENTS =
  /\bkeys?\b.*\b(?:different|other|another|changed|(?:only|must) .*\bsame)\b.*\b(?:arguments?|parameters?|payload|body|request|input)\b/i
