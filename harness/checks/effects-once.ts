// A5: each intent leaves exactly the effects that its agent was told of. By idempotency key, over all attempts, counted in the
// effect table once the server is quiet: told ok → one row; told fail each time → none; not told → none or one. An answer
// to a key that was answered before is the first answer again. More than one row for a key is a fail, whatever was told.
// An answer to a key that comes back may not break its role's rules, nor call the key's arguments other ones: retries carry the
// same; nor say that it cannot be done, once it has been told as done ("already done" is true).
// What is missing from a damaged record never makes a fail: an attempt that is not in it may be the one that was answered.
// A key that agents of several tenants use (`sharedKeys` of the plan) is an intent of each: one row each. Whose a row is, the count
// may say (`tenant`); where it does not, and that alone decides, it is unknown.
//
// Another payload under a known key must be refused. No limits: one violation is a fail. Not modelled: effects outside the table;
// writes without key; answers that repeat the first in other words.
import type { History } from '../history/history.ts'
import { check, type Finding } from './check.ts'
import { indexes, notExercised, some, unknown } from './finding.ts'
import { keysOf, violations } from './key-violations.ts'

const WITNESSES = 20

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
      if (needs === 'whose') return false
      return needs === 'nothing' || calls.every(({ agent }) => recorded.has(agent))
    })
    if (!counted && bad.length === 0) return unknown('the effects were not counted, or their file is damaged', { samples: keys.size })
    if (keys.size === 0) return notExercised('no call with an idempotency key was sent')
    const [open] = found.filter((violation) => !bad.includes(violation))
    if (bad.length === 0 && open)
      return unknown(open.needs === 'whose' ? open.text : `${open.text}, as far as its agent's record goes, which is not whole`, {
        samples: keys.size,
      })
    const again = [...keys.values()].filter(({ calls }) => calls.length > 1).length
    const altered = history.calls.filter((call) => call.altered).length
    const shared = [...keys.values()].filter(({ tenants }) => tenants > 1).length
    const remedies = [...new Set(bad.map(({ remedy }) => remedy))]
    return {
      status: bad.length === 0 ? 'pass' : 'fail',
      measured: bad.length,
      limit: 0,
      unit: 'keys with wrong effects',
      samples: keys.size,
      says: bad[0]
        ? `${some(bad.length, 'key')} of ${keys.size} with wrong effects: ${bad[0].text}`
        : `${some(keys.size, 'key')}, ${again} of them asked for more than once${altered > 0 ? ` and ${altered} with other arguments` : ''}${shared > 0 ? `, ${shared} used by several tenants` : ''}: each has the effects that its agent was told of`,
      witnesses: [...new Set(indexes(bad.flatMap(({ calls }) => calls)))].slice(0, WITNESSES),
      exhibits: bad.map(({ text }) => text),
      ...(remedies.length === 1 && remedies[0] && { remedy: remedies[0] }),
    }
  },
})

/** Without a look at the rows: answers that contradict each other. That they agree does not say that there is one row. */
function toldWrong(history: History): Finding | undefined {
  const keys = [...keysOf(history).values()]
  // Nobody counted: no comparison with it holds.
  const bad = keys.flatMap((key) => violations({ ...key, rows: Number.NaN })).filter(({ needs }) => needs === 'nothing')
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
