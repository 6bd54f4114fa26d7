// Writes: what their agents were told, and what the effect table says.
import { answered, isServed, type Mutation, one, type Recorded, rewrite } from '../mutation.ts'
import type { Recording } from '../recording.ts'

const A5 = { 'effects-once': 'fail' } as const

const isWrite = (call: Recorded) => call.send.key !== undefined && isServed(call)

/** A key that was asked for twice and answered both times: its second answer. */
function replay(run: Recording): Recorded {
  const first = new Set(answered(run, (call) => isWrite(call) && call.send.attempt === 1).map(({ send }) => send.key))
  return one(run, (call) => isWrite(call) && call.send.attempt > 1 && first.has(call.send.key))
}

function effectOf(run: Recording, { send }: Recorded): Recording['effects'][number] {
  const found = run.effects.find(({ key }) => key === send.key)
  if (!found) throw new Error(`no effect of ${send.key}`)
  return found
}

/** A write of one tenant is asked for under the key of another tenant's. @returns the effects of the two */
function withOneKey(run: Recording): { kept: Recording['effects'][number]; other: Recording['effects'][number] } {
  const tenants = new Map(run.plan.agents.map(({ agent, tenant }) => [agent, tenant]))
  const planned = (key = '') => key.slice(run.manifest.run.length + 1)
  const isAlone = (call: Recorded) => isWrite(call) && run.plan.sharedKeys?.[planned(call.send.key)] === undefined
  const first = one(run, isAlone)
  const second = one(run, (call) => isAlone(call) && tenants.get(call.send.agent) !== tenants.get(first.send.agent))
  const [kept, other] = [effectOf(run, first), effectOf(run, second)]
  for (const line of run.load) if (line.kind === 'send' && line.key === other.key) line.key = kept.key
  run.plan.sharedKeys = { ...run.plan.sharedKeys, [planned(kept.key)]: 2 }
  run.effects = run.effects.filter((each) => each !== other)
  return { kept, other }
}

export const effects: Mutation[] = [
  {
    base: 'duplicate-writes',
    what: 'a row is there twice',
    change(run) {
      const effect = effectOf(run, one(run, isWrite))
      effect.rows = 2
      effect.names = [...effect.names, 't0 INV-999999']
    },
    turns: A5,
  },
  {
    base: 'duplicate-writes',
    what: 'the row of an answered write is gone',
    change(run) {
      const effect = effectOf(run, one(run, isWrite))
      run.effects = run.effects.filter((each) => each !== effect)
    },
    turns: A5,
  },
  {
    base: 'baseline',
    what: 'a write that was done is told to have been invalid',
    change(run) {
      const call = one(run, isWrite)
      rewrite(call, { isError: true, data: { code: 'INVALID_ARGUMENTS' }, message: 'amountCents: too large', correct: undefined })
    },
    turns: A5,
  },
  {
    base: 'baseline',
    what: 'a write that was done fails for the size of its answer',
    change(run) {
      const call = one(run, isWrite)
      rewrite(call, { isError: true, data: { code: 'RESULT_TOO_LARGE' }, message: 'the answer is too large', correct: undefined })
    },
    turns: { ...A5, 'output-bounded': 'fail' },
  },
  {
    base: 'duplicate-writes',
    what: 'a repeated write gets another answer than at first',
    change(run) {
      const again = replay(run)
      const first = one(run, (call) => call.send.key === again.send.key && call.send.attempt === 1)
      rewrite(first, { hash: '00000001' })
      rewrite(again, { hash: '00000002' })
    },
    turns: A5,
  },
  {
    base: 'duplicate-writes',
    what: "a repeated write gets somebody else's answer",
    change: (run) => rewrite(replay(run), { correct: false }),
    turns: A5,
  },
  {
    base: 'duplicate-writes',
    what: 'a repeated write is told that its arguments had changed',
    change: (run) =>
      rewrite(replay(run), {
        status: 422,
        isError: undefined,
        rpcCode: 42_201,
        message: 'the key was used with other arguments',
        data: { code: 'IDEMPOTENCY_MISMATCH' },
        correct: undefined,
        hash: undefined,
        replayed: undefined,
      }),
    turns: A5,
  },
  {
    base: 'duplicate-writes',
    what: 'another payload under a known key is answered as if it were the first',
    change(run) {
      replay(run).send.altered = true
    },
    turns: A5,
  },
  {
    base: 'duplicate-writes',
    what: 'two tenants use the same key, and there is a row of one of them',
    change: (run) => void withOneKey(run),
    turns: A5,
  },
  {
    base: 'duplicate-writes',
    what: 'two tenants use the same key, and each has its row',
    change(run) {
      const { kept, other } = withOneKey(run)
      run.effects.push({ ...other, key: kept.key })
    },
    turns: {},
  },
  {
    base: 'duplicate-writes',
    what: 'two tenants use the same key, each has its row, and the count does not say whose a row is',
    change(run) {
      const { kept, other } = withOneKey(run)
      run.effects.push({ ...other, key: kept.key })
      for (const line of run.effects) delete line.tenant
    },
    turns: {},
  },
  {
    base: 'duplicate-writes',
    what: 'two tenants use the same key, and one of them has both rows',
    change(run) {
      const { kept, other } = withOneKey(run)
      kept.rows += other.rows
      kept.names = [...kept.names, ...other.names]
    },
    turns: A5,
  },
  {
    base: 'duplicate-writes',
    what: 'the effects could not be read whole',
    change(run) {
      run.manifest.raw = { ...run.manifest.raw, 'effects.ndjson': 'damaged' }
    },
    turns: { 'effects-once': 'unknown' },
  },
  {
    base: 'duplicate-writes',
    what: 'the answer to a write is lost, and its row is there',
    change(run) {
      const call = one(run, (each) => isWrite(each) && each.phase === 'stress' && each.send.attempt === 1)
      rewrite(call, { status: 0, transport: 'reset', rpcId: undefined, isError: undefined, correct: undefined, hash: undefined })
    },
    turns: {},
  },
]
