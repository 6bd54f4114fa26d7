import { describe, expect, test } from 'vitest'
import { gaveUp, refused, reset, served, toolError, unavailable, without } from '../../tests/fixtures/histories/answers.ts'
import { aRun } from '../../tests/fixtures/histories/build.ts'
import { find, verdictOf, witnesses } from '../../tests/fixtures/histories/judged.ts'
import { assemble } from '../history/assemble.ts'
import type { LoadLine } from '../history/load-line.ts'
import { effectsOnce } from './effects-once.ts'

type Answers = Parameters<typeof write>[1]

/** Envoy, which lost its connection to the server: before the call, or after. */
function gateway() {
  return without(unavailable({ parsed: false, contentType: 'text/plain' }), 'retryAfter', 'rpcCode', 'data')
}

/** One intent with these answers to its attempts. */
function write(key: string, answers: ReturnType<typeof served>[], story = aRun().agent('a')) {
  let parent: string | undefined
  answers.forEach((answer, i) => {
    story.call({ of: 'a', role: 'write', atMs: 3_000 + i * 500, key, answer, ...(parent !== undefined && { parent }) })
    parent = story.lastCall
  })
  return story
}

describe('effects-once', () => {
  test.each<[string, Answers, string[]]>([
    ['told ok: one row', [served()], ['INV-1']],
    ['told fail: none', [refused()], []],
    ['not told: none', [gaveUp()], []],
    ['not told: one', [gaveUp()], ['INV-1']],
    ['lost, then ok: one', [reset(), served()], ['INV-1']],
    ['ok, then the same answer again', [served(), served(5, { replayed: true })], ['INV-1']],
    ['refused, then lost: one', [refused(), gaveUp()], ['INV-1']],
    ['a 503 of a gateway, which tells nothing: none', [gateway()], []],
    ['a 503 of a gateway, which tells nothing: one', [gateway()], ['INV-1']],
    ['refused by name, then a 503 of a gateway: one', [unavailable(), gateway()], ['INV-1']],
  ])('holds: %s', (_story, answers, names) => {
    expect(find(effectsOnce, write('w1', answers).effect('w1', ...names))).toMatchObject({ status: 'pass', measured: 0, samples: 1 })
  })

  test.each<[string, Answers, string[], string]>([
    [
      'two rows',
      [reset(), served()],
      ['INV-1', 'INV-2'],
      'key st-test.w1: rows INV-1, INV-2; asked 2 times, one after the other: 3.001–3.051 s, 3.501–3.521 s',
    ],
    [
      'two rows of a race',
      [served(600), served(500)],
      ['INV-1', 'INV-2'],
      'key st-test.w1: rows INV-1, INV-2; asked 2 times, at once: 3.001–3.601 s, 3.501–4.001 s',
    ],
    ['two rows, never told', [gaveUp()], ['INV-1', 'INV-2'], 'key st-test.w1: rows INV-1, INV-2'],
    [
      'two rows behind a gateway',
      [gateway(), gateway()],
      ['INV-1', 'INV-2'],
      'key st-test.w1: rows INV-1, INV-2; asked 2 times, one after the other: 3.001–3.005 s, 3.501–3.505 s',
    ],
    ['a 503 that names its code, a row', [unavailable()], ['INV-1'], 'key st-test.w1: told that it failed, but it left rows INV-1'],
    ['told ok, no row', [served()], [], 'key st-test.w1: answered ok, but no row'],
    ['told fail, a row', [toolError('DEPENDENCY_UNAVAILABLE')], ['INV-1'], 'key st-test.w1: told that it failed, but it left rows INV-1'],
    [
      'another answer',
      [served(), served(5, { hash: 'ffff0000' })],
      ['INV-1'],
      'key st-test.w1: asked again, it got another answer than at first',
    ],
  ])('fails: %s', (_story, answers, names, exhibit) => {
    const story = write('w1', answers).effect('w1', ...names)
    const found = find(effectsOnce, story)
    expect(found).toMatchObject({ status: 'fail', measured: 1, exhibits: [exhibit] })
    expect(witnesses(story, found).every(({ key }) => key === 'st-test.w1')).toBe(true)
    expect(found.witnesses).toHaveLength(answers.length)
  })

  test('another payload under a known key must be refused; a refusal of it is no denial of the first', () => {
    const altered = (answer: Answers[number]) => {
      const story = write('w1', [served()]).effect('w1', 'INV-1')
      return story.call({ of: 'a', role: 'write', atMs: 4_000, key: 'w1', altered: true, parent: story.lastCall, answer })
    }
    expect(find(effectsOnce, altered(toolError('IDEMPOTENCY_MISMATCH')))).toMatchObject({ status: 'pass' })
    expect(find(effectsOnce, altered(gaveUp()))).toMatchObject({ status: 'pass' })
    for (const answer of [served(5, { replayed: true }), served(5, { hash: 'ffff0000' })]) {
      const story = altered(answer)
      const found = find(effectsOnce, story)
      expect(found).toMatchObject({ status: 'fail', exhibits: ['key st-test.w1: another payload was answered as if it were the first'] })
      expect(found.remedy?.do).toContain('hash of the arguments')
      expect(witnesses(story, found)).toMatchObject([{ attempt: 2 }])
    }
  })

  test.each<[string, Answers[number], string]>([
    ['breaks the rules', served(5, { correct: false }), "asked again, it got an answer that breaks its role's rules"],
    ['a mismatch as a tool error', toolError('IDEMPOTENCY_MISMATCH'), 'told that its arguments had changed, but they had not'],
    [
      'a mismatch by number',
      { afterMs: 5, evidence: { status: 422, parsed: true, rpcCode: 42_201 } },
      'told that its arguments had changed, but they had not',
    ],
  ])('fails when the answer to a retry: %s', (_name, answer, text) => {
    const story = write('w1', [reset(), answer]).effect('w1', ...(answer.evidence.isError === false ? ['INV-1'] : []))
    const found = find(effectsOnce, story)
    expect(found).toMatchObject({ status: 'fail', measured: 1, exhibits: [`key st-test.w1: ${text}`] })
    expect(witnesses(story, found)).toMatchObject([{ attempt: 2 }])
  })

  test('a first answer that breaks the rules is no matter of asking again, and other conflicts are allowed', () => {
    expect(find(effectsOnce, write('w1', [served(5, { correct: false })]).effect('w1', 'INV-1')).status).toBe('pass')
    const inProgress = write('w1', [reset(), toolError('IDEMPOTENCY_IN_PROGRESS'), served()]).effect('w1', 'INV-1')
    expect(find(effectsOnce, inProgress).status).toBe('pass')
  })

  test('fails: done, and told so, then refused as if it had not been; who asked at the same moment may be', () => {
    for (const answer of [toolError('INVALID_ARGUMENTS'), toolError('IDEMPOTENCY_IN_PROGRESS')]) {
      const story = write('w1', [served(), answer]).effect('w1', 'INV-1')
      const found = find(effectsOnce, story)
      const text = 'key st-test.w1: told ok, then, asked again, that it cannot be done'
      expect(found).toMatchObject({ status: 'fail', measured: 1, exhibits: [text] })
      expect(witnesses(story, found)).toMatchObject([{ attempt: 2 }])
      expect(find(effectsOnce, write('w1', [served(600), answer]).effect('w1', 'INV-1')).status).toBe('pass')
    }
  })

  /** 409 of servers that refuse what is known, or is being done, in their own words. */
  const conflict = (message: string): Answers[number] => ({
    afterMs: 5,
    evidence: { status: 409, parsed: true, rpcCode: -32_009, message },
  })

  test('a server that refuses what it has done already says the truth; that it is still at it, once it was told as done, is none', () => {
    for (const words of ['The invoice already exists.', 'duplicate_request: INV-1', 'This call was already processed as INV-1.']) {
      expect(find(effectsOnce, write('w1', [served(), conflict(words)]).effect('w1', 'INV-1')).status).toBe('pass')
      // A gateway sent it twice, and told of the second.
      expect(find(effectsOnce, write('w1', [conflict(words)]).effect('w1', 'INV-1')).status).toBe('pass')
      expect(find(effectsOnce, write('w1', [unavailable(), conflict(words)]).effect('w1', 'INV-1')).status).toBe('fail')
      expect(find(effectsOnce, write('w1', [served(), conflict(words)]).effect('w1', 'INV-1', 'INV-2')).status).toBe('fail')
    }
    const busy = conflict('A request with this key is already being processed.')
    expect(find(effectsOnce, write('w1', [busy]).effect('w1', 'INV-1')).status).toBe('pass')
    expect(find(effectsOnce, write('w1', [unavailable(), busy]).effect('w1', 'INV-1')).status).toBe('fail')
    expect(find(effectsOnce, write('w1', [served(), busy]).effect('w1', 'INV-1')).status).toBe('fail')
    expect(find(effectsOnce, write('w1', [conflict('The customer is locked.')]).effect('w1', 'INV-1')).status).toBe('fail')
  })

  test('other arguments, told in words alone: of a retry it is false, of an altered call true', () => {
    for (const message of [
      'Keys for idempotent requests can only be used with the same parameters they were first used with.',
      "Error calling tool 'create_invoice': idempotency key was used with a different payload",
    ]) {
      const told = toolError('', 5, { message, data: {} })
      expect(find(effectsOnce, write('w1', [reset(), told]).effect('w1', 'INV-1'))).toMatchObject({
        status: 'fail',
        exhibits: ['key st-test.w1: told that its arguments had changed, but they had not'],
      })
      const story = write('w1', [served()]).effect('w1', 'INV-1')
      story.call({ of: 'a', role: 'write', atMs: 4_000, key: 'w1', altered: true, parent: story.lastCall, answer: told })
      expect(find(effectsOnce, story).status).toBe('pass')
    }
    const key = toolError('', 5, { message: 'The key of the customer is unknown; use another customer.', data: {} })
    expect(find(effectsOnce, write('w1', [reset(), key])).status).toBe('pass')
  })

  test('refused by a budget or a dependency when asked again, it may still be answered later', () => {
    for (const answer of [refused(), unavailable(), gateway(), gaveUp()])
      expect(find(effectsOnce, write('w1', [served(), answer]).effect('w1', 'INV-1')).status).toBe('pass')
  })

  test('two tasks that share a key may carry other arguments', () => {
    const story = write('w1', [served()]).effect('w1', 'INV-1')
    story.call({ of: 'a', role: 'write', atMs: 5_000, key: 'w1', answer: toolError('IDEMPOTENCY_MISMATCH') })
    expect(find(effectsOnce, story).status).toBe('pass')
  })

  describe('a key that agents of two tenants use', () => {
    /** Of tenants t0 and t1, with these answers to each; the rows are of both. */
    const tenants = (a: Answers, b: Answers, ...names: string[]) => {
      const story = write('w1', a, aRun().agent('a')).agent('b', { tenant: 't1' })
      let parent: string | undefined
      for (const [i, answer] of b.entries()) {
        story.call({ of: 'b', role: 'write', atMs: 3_200 + i * 500, key: 'w1', answer, ...(parent !== undefined && { parent }) })
        parent = story.lastCall
      }
      story.plan.sharedKeys = { w1: 2 }
      return story.effect('w1', ...names)
    }
    const [mine, yours] = ['t0 INV-1', 't1 INV-1']

    test.each<[string, Answers, Answers, string[]]>([
      ['a row each', [served()], [served(5, { hash: 'ffff0000' })], [mine, yours]],
      ['one was refused', [served()], [refused()], [mine]],
      ['one does not know, and has none', [reset()], [served()], [yours]],
      ['one does not know, and has one', [served(), served(5, { replayed: true })], [gaveUp()], [mine, yours]],
    ])('holds: %s', (_story, a, b, names) => {
      expect(find(effectsOnce, tenants(a, b, ...names))).toMatchObject({ status: 'pass', samples: 1 })
    })

    test.each<[string, Answers, Answers, string[], string]>([
      [
        'told ok both, one row',
        [served()],
        [served(5, { replayed: true })],
        [mine],
        'key st-test.w1: agents of 2 tenants were told ok, but it left rows t0 INV-1',
      ],
      [
        'three rows',
        [served()],
        [reset(), served()],
        [mine, yours, 't1 INV-2'],
        'key st-test.w1, of 2 tenants: rows t0 INV-1, t1 INV-1, t1 INV-2; asked 3 times, one after the other: 3.001–3.021 s, 3.201–3.251 s, 3.701–3.721 s',
      ],
      [
        'told fail, and a row',
        [served()],
        [unavailable()],
        [mine, yours],
        'key st-test.w1: told an agent of 1 of 2 tenants that it failed, but it left rows t0 INV-1, t1 INV-1',
      ],
      [
        'taken for a changed intent of the other',
        [served()],
        [toolError('IDEMPOTENCY_MISMATCH')],
        [mine],
        'key st-test.w1: told that its arguments had changed, but they had not',
      ],
    ])('fails: %s', (_story, a, b, names, exhibit) => {
      expect(find(effectsOnce, tenants(a, b, ...names))).toMatchObject({ status: 'fail', measured: 1, exhibits: [exhibit] })
    })

    test('says whose fault it is when one gets the answer of the other, and from outside when one is refused for the other', () => {
      const found = find(effectsOnce, tenants([served()], [served(5, { replayed: true })], mine))
      expect(found.remedy?.do).toContain('tenant')
      const unseen = tenants([served()], [toolError('IDEMPOTENCY_MISMATCH')]).hides('effects', 'x')
      expect(verdictOf(unseen, 'effects-once')).toMatchObject({ status: 'fail', evidence: 'inferred' })
    })

    /** The count says whose each row is. */
    const counted = (a: Answers, b: Answers, rows: Record<string, string[]>) => {
      const story = tenants(a, b)
      story.effects.length = 0
      for (const [tenant, names] of Object.entries(rows)) story.effectOf(tenant, 'w1', ...names)
      return story
    }

    test.each<[string, Answers, Answers, Record<string, string[]>, string]>([
      [
        'the row is of the one that was told fail',
        [reset()],
        [unavailable()],
        { t1: ['INV-1'] },
        'told that it failed, but it left rows INV-1',
      ],
      ['ok and fail, the wrong way round', [served()], [unavailable()], { t1: ['INV-1'] }, 'told that it failed, but it left rows INV-1'],
      [
        'two rows of one, none of the other',
        [reset(), served()],
        [served()],
        { t0: ['INV-1', 'INV-2'] },
        'rows INV-1, INV-2; asked 2 times, one after the other: 3.001–3.051 s, 3.501–3.521 s',
      ],
      ['ok, and no row of its own', [served()], [reset()], { t1: ['INV-1'] }, 'answered ok, but no row'],
    ])('fails where the count says whose they are: %s', (_story, a, b, rows, text) => {
      expect(find(effectsOnce, counted(a, b, rows))).toMatchObject({ status: 'fail', measured: 1, exhibits: [`key st-test.w1: ${text}`] })
    })

    test('holds where it says so, and cannot tell where it does not and that decides', () => {
      expect(find(effectsOnce, counted([reset()], [unavailable()], { t0: ['INV-1'] })).status).toBe('pass')
      expect(find(effectsOnce, counted([served()], [served()], { t0: ['INV-1'], t1: ['INV-2'] })).status).toBe('pass')
      const unsaid = find(effectsOnce, tenants([reset()], [unavailable()], mine))
      expect(unsaid).toMatchObject({ status: 'unknown', says: expect.stringContaining('`tenant` in effects.sql') })
      // Somebody whom nobody knows: the count has other names for tenants than the target.
      expect(find(effectsOnce, counted([reset()], [unavailable()], { acme: ['INV-1'] })).status).toBe('unknown')
      expect(find(effectsOnce, tenants([served()], [unavailable()], mine)).status).toBe('pass')
    })

    test('two rows are no fail where the record of one of them is lost', () => {
      const story = tenants([served()], [served()], mine, yours)
      const { load, ...rest } = story.raw()
      const lines = load.filter((line) => line.kind === 'start' || line.agent !== 'b')
      expect(effectsOnce.definition.judge(assemble({ ...rest, load: lines }), {}).status).toBe('pass')
    })
  })

  test('a key without a line has no rows', () => {
    expect(find(effectsOnce, write('w1', [served()])).status).toBe('fail')
    expect(find(effectsOnce, write('w1', [refused()])).status).toBe('pass')
  })

  test('cannot tell when effects were not counted, or half of them', () => {
    for (const state of [undefined, 'damaged'] as const) {
      const story = write('w1', [served()])
      story.manifest.raw = state ? { 'effects.ndjson': state } : {}
      expect(find(effectsOnce, story).status).toBe('unknown')
      expect(find(effectsOnce, story.effect('w2', 'INV-3', 'INV-4'))).toMatchObject({
        status: 'fail',
        exhibits: ['key st-test.w2: rows INV-3, INV-4'],
      })
    }
  })

  test('has nothing to look at without keys', () => {
    expect(find(effectsOnce, aRun().agent('a').call({ of: 'a', atMs: 3_000, answer: served() }))).toMatchObject({ notExercised: true })
  })

  test('is not judged without a way to count effects', () => {
    const line = "tools.write.effects: { sql: '…' }"
    expect(verdictOf(write('w1', [served()]).hides('effects', line), 'effects-once')).toMatchObject({ status: 'not-judged', addLine: line })
  })
})

/** A keyed write told fail, lost, then told ok, among others of the same agent; one row. */
function told() {
  const story = write('w0', [served()]).effect('w0', 'INV-0')
  return write('w1', [toolError('DEPENDENCY_UNAVAILABLE'), reset(), served()], story).effect('w1', 'INV-1')
}

describe('effects-once, when lines of the load are missing', () => {
  const { load, ...rest } = told().raw()
  const judgedWith = (lines: readonly LoadLine[]) => effectsOnce.definition.judge(assemble({ ...rest, load: lines }), {})

  test('holds when none is', () => {
    expect(judgedWith(load).status).toBe('pass')
  })

  test('a record cut anywhere is no fail', () => {
    for (let kept = 1; kept < load.length; kept++) expect(judgedWith(load.slice(0, kept)).status, `${kept} lines kept`).not.toBe('fail')
  })

  test('a gap of any length anywhere is no fail', () => {
    for (let from = 1; from < load.length; from++)
      for (let to = from + 1; to <= load.length; to++)
        expect(judgedWith([...load.slice(0, from), ...load.slice(to)]).status, `lines ${from} to ${to} cut`).not.toBe('fail')
  })

  test('told fail and the rest cut: it cannot tell, and says why', () => {
    const found = judgedWith(load.slice(0, load.findIndex((line) => line.kind === 'end' && line.isError === true) + 1))
    expect(found).toMatchObject({ status: 'unknown', says: expect.stringContaining("as far as its agent's record goes") })
  })

  test('two rows are a fail all the same', () => {
    const { load: whole, ...two } = told().effect('w2', 'INV-2', 'INV-3').raw()
    for (let kept = 1; kept < whole.length; kept++)
      expect(effectsOnce.definition.judge(assemble({ ...two, load: whole.slice(0, kept) }), {}).status).toBe('fail')
  })

  test('what another agent was told counts on', () => {
    const story = told().agent('b')
    story.call({ of: 'b', role: 'write', atMs: 4_000, key: 'w3', answer: toolError('DEPENDENCY_UNAVAILABLE') }).effect('w3', 'INV-3')
    story.silent.add('a')
    expect(find(effectsOnce, story)).toMatchObject({ status: 'fail', measured: 1 })
  })
})
