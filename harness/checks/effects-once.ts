// A5: each intent leaves exactly the effects that its agent was told of. By idempotency key, over all attempts, counted in the
// effect table once the server is quiet: told ok → one row; told fail each time → none; not told → none or one. An answer
// to a key that was answered before is the first answer again. More than one row for a key is a fail, whatever was told.
// An answer to a key that comes back may not break its role's rules, nor call the key's arguments other ones: retries carry the same.
// What is missing from a damaged record never makes a fail: an attempt that is not in it may be the one that was answered.
//
// Another payload under a known key must be refused. No limits: one violation is a fail. Not modelled: effects outside the table; writes
// without key; answers that say within the result itself that they are repeated (a mark belongs
// into `_meta`: the result is the first one's).
import type { Call } from '../history/event.ts'
import type { History } from '../history/history.ts'
import type { EffectLine } from '../history/raw-line.ts'
import type { Role } from '../plan/plan.ts'
import { check, type Finding, type Remedy } from './check.ts'
import { indexes, notExercised, some, unknown } from './finding.ts'

const WITNESSES = 20
const OF_OTHER_ARGUMENTS: Remedy = {
  control: 'idempotency',
  do: 'Keep a hash of the arguments beside the key, and refuse a known key that comes with other arguments (422): it is another intent.',
  runbook: 'IDEMPOTENCY_MISMATCH',
}

export const effectsOnce = check({
  code: 'A5',
  title: 'Asking again does not write again',
  why: 'An agent asks again when an answer was lost after the write, as it must, or twice at once. A server without idempotency bills twice.',
  remedy: {
    control: 'idempotency',
    do: 'Insert the idempotency key in the same transaction as the write, under a unique index, and answer a known key with the stored result.',
    runbook: 'IDEMPOTENCY_IN_PROGRESS',
  },
  source: 'Jepsen op types; seed 2, "Idempotency"; agentmail#49',
  sort: 'exact',
  needs: ['effects'],
  limits: {},
  fromOutside: toldWrong,
  judge(history) {
    const keys = keysOf(history)
    const counted = history.manifest.raw?.['effects.ndjson'] === 'whole'
    const recorded = new Set(history.agents.filter(({ missing, stopped }) => stopped && missing.length === 0).map(({ agent }) => agent))
    const found = [...keys.values()].flatMap((key) => violations(key))
    const bad = found.filter(({ needs, calls }) => {
      if (needs === 'effects') return counted
      return needs === 'nothing' || calls.every(({ agent }) => recorded.has(agent))
    })
    if (!counted && bad.length === 0) return unknown('the effects were not counted, or their file is damaged', { samples: keys.size })
    if (keys.size === 0) return notExercised('no call with an idempotency key was sent')
    const [open] = found.filter((violation) => !bad.includes(violation))
    if (bad.length === 0 && open)
      return unknown(`${open.text}, as far as its agent's record goes, which is not whole`, { samples: keys.size })
    const again = [...keys.values()].filter(({ calls }) => calls.length > 1).length
    const altered = history.calls.filter((call) => call.altered).length
    return {
      status: bad.length === 0 ? 'pass' : 'fail',
      measured: bad.length,
      limit: 0,
      unit: 'keys with wrong effects',
      samples: keys.size,
      says: bad[0]
        ? `${some(bad.length, 'key')} of ${keys.size} with wrong effects: ${bad[0].text}`
        : `${some(keys.size, 'key')}, ${again} of them asked for more than once${altered > 0 ? ` and ${altered} with other arguments` : ''}: each has the effects that its agent was told of`,
      witnesses: [...new Set(indexes(bad.flatMap(({ calls }) => calls)))].slice(0, WITNESSES),
      exhibits: bad.map(({ text }) => text),
      ...(bad.length > 0 && bad.every(isOfOtherArguments) && { remedy: OF_OTHER_ARGUMENTS }),
    }
  },
})

function isOfOtherArguments({ calls }: Violation): boolean {
  return calls.length > 0 && calls.every(({ altered }) => altered)
}

/** Without a look at the rows: answers that contradict each other. That they agree does not say that there is one row. */
function toldWrong(history: History): Finding | undefined {
  const keys = [...keysOf(history).values()]
  const bad = keys.flatMap((key) => violations({ ...key, rows: 1 })).filter(({ needs }) => needs === 'nothing')
  const [first] = bad
  return (
    first && {
      status: 'fail',
      measured: bad.length,
      limit: 0,
      unit: 'keys with wrong answers',
      samples: keys.length,
      says: `${some(bad.length, 'key')} of ${keys.length} with wrong answers: ${first.text}`,
      witnesses: [...new Set(indexes(bad.flatMap(({ calls }) => calls)))].slice(0, WITNESSES),
      exhibits: bad.map(({ text }) => text),
    }
  )
}

interface Key {
  key: string
  rows: number
  names: readonly string[]
  calls: Call[]
}

interface Violation {
  text: string
  calls: Call[]
  /** What must be there whole for it to be certain. */
  needs: 'nothing' | 'effects' | 'all attempts'
}

function keysOf({ calls, effects, manifest }: History): Map<string, Key> {
  const keys = new Map<string, Key>()
  const roles = judgedRoles(effects, manifest.observed.effectRoles)
  for (const call of calls) {
    if (call.key === undefined || call.role === 'handshake' || !(roles?.has(call.role) ?? true)) continue
    const key = keys.get(call.key) ?? { key: call.key, rows: 0, names: [], calls: [] }
    key.calls.push(call)
    keys.set(call.key, key)
  }
  for (const { key, rows, names } of effects) {
    const known = keys.get(key) ?? { key, rows: 0, names: [], calls: [] }
    keys.set(key, { ...known, rows: known.rows + rows, names: [...known.names, ...names] })
  }
  return keys
}

/** Roles whose effects were counted; undefined: all that carry a key. */
function judgedRoles(effects: readonly EffectLine[], declared: readonly Role[] | undefined): Set<Role> | undefined {
  const roles = new Set(declared ?? effects.map(({ role }) => role))
  return roles.size > 0 ? roles : undefined
}

/** Several violations of one key are told as its worst. */
function violations({ key, rows, names, calls: all }: Key): Violation[] {
  const rowsText = names.length > 0 ? `rows ${names.join(', ')}` : some(rows, 'row')
  if (rows > 1) return [{ text: `key ${key}: ${rowsText}${whenAsked(all)}`, calls: all, needs: 'nothing' }]
  const accepted = all.filter(({ altered, outcome }) => altered && outcome === 'ok')
  if (accepted.length > 0)
    return [{ text: `key ${key}: another payload was answered as if it were the first`, calls: accepted, needs: 'nothing' }]
  const calls = all.filter(({ altered }) => !altered)
  if (calls.length === 0) return []
  const told = calls.some(({ outcome }) => outcome === 'ok') ? 'ok' : calls.every(({ outcome }) => outcome === 'fail') ? 'fail' : 'info'
  if (told === 'ok' && rows === 0) return [{ text: `key ${key}: answered ok, but no row`, calls, needs: 'effects' }]
  if (told === 'fail' && rows === 1)
    return [{ text: `key ${key}: told that it failed, but it left ${rowsText}`, calls, needs: 'all attempts' }]
  const answers = calls.filter(({ outcome, evidence }) => outcome === 'ok' && evidence.hash !== undefined)
  answers.sort((a, b) => (a.endedAtMs ?? 0) - (b.endedAtMs ?? 0))
  const [first, ...later] = answers
  const other = later.filter(({ evidence }) => evidence.hash !== first?.evidence.hash)
  if (first && other.length > 0)
    return [{ text: `key ${key}: asked again, it got another answer than at first`, calls: [...other, first], needs: 'nothing' }]
  return wronglyAnswered(key, calls)
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

/** What one answer alone proves. */
function wronglyAnswered(key: string, calls: readonly Call[]): Violation[] {
  const wrong = calls.filter(
    ({ outcome, attempt, evidence }) => outcome === 'ok' && evidence.correct === false && (attempt > 1 || evidence.replayed === true),
  )
  if (wrong.length > 0)
    return [{ text: `key ${key}: asked again, it got an answer that breaks its role's rules`, calls: wrong, needs: 'nothing' }]
  // Turns of a task carry their own arguments; attempts at one turn always the same.
  const turns = new Set(calls.map(({ agent, task, turn }) => `${agent}\n${task}\n${turn}`))
  const mismatched = turns.size === 1 ? calls.filter(toldMismatch) : []
  if (mismatched.length === 0) return []
  return [{ text: `key ${key}: told that its arguments had changed, but they had not`, calls: mismatched, needs: 'nothing' }]
}

/** `IDEMPOTENCY_MISMATCH`, 42201, or another server's word for it. */
function toldMismatch({ class: is, evidence: { data, rpcCode } }: Call): boolean {
  const codes = [data?.code, data?.name, data?.error, rpcCode]
  return is === 'conflict' && codes.some((code) => /^42201$|mismatch/i.test(String(code ?? '')))
}
