import { describe, expect, test } from 'vitest'
import { type Answer, refused, served, without } from '../../tests/fixtures/histories/answers.ts'
import { aRun, type Story } from '../../tests/fixtures/histories/build.ts'
import { find, verdictOf, witnesses } from '../../tests/fixtures/histories/judged.ts'
import { quotaHeadersTrue } from './quota-headers-true.ts'

const policy = '"agent";q=5;w=10'
const left = (r: number, name = 'agent') => ({ rateLimit: `"${name}";r=${r};t=9`, rateLimitPolicy: policy.replace('agent', name) })

/** Calls a second apart, each with what it was told to have left; -1: refused with nothing left. */
function told(...remaining: number[]): Story {
  const story = aRun().agent('a')
  for (const [n, r] of remaining.entries())
    story.call({ of: 'a', atMs: 3_000 + n * 1_000, answer: r < 0 ? refused(left(0)) : served(20, left(r)) })
  return story
}

describe('quota-headers-true', () => {
  test('holds: falling by the calls, rising by the rate, refused with nothing left', () => {
    expect(find(quotaHeadersTrue, told(4, 3, 3, 2, 2, 1, 1, 0, 0, -1, 0))).toMatchObject({ status: 'pass', samples: 11, measured: 0 })
  })

  test.each<[string, Story, string]>([
    [
      'below nothing',
      aRun()
        .agent('a')
        .call({ of: 'a', atMs: 3_000, answer: served(5, left(-1)) }),
      'below nothing',
    ],
    ['falls by more than the calls', told(5, 2), 'fell by more'],
    ['rises faster than it refills', told(0, 3), 'rose faster'],
    [
      'refused, though there is room',
      aRun()
        .agent('a')
        .call({ of: 'a', atMs: 3_000, answer: refused(left(3)) }),
      'room, on a refusal',
    ],
    [
      'no figure',
      aRun()
        .agent('a')
        .call({ of: 'a', atMs: 3_000, answer: served(5, { rateLimit: '"agent";t=3' }) }),
      'without what remains',
    ],
  ])('fails: %s', (_, story, flaw) => {
    const found = find(quotaHeadersTrue, story)
    expect(found).toMatchObject({ status: 'fail', measured: 1, says: expect.stringContaining(flaw) })
    expect(witnesses(story, found)).toHaveLength(1)
  })

  test('policies are looked at apart, and so are agents', () => {
    const story = told(4, 3).agent('b')
    story.call({ of: 'a', atMs: 5_000, answer: served(5, left(0, 'tool')) })
    story.call({ of: 'b', atMs: 5_100, answer: served(5, left(5)) })
    story.call({ of: 'a', atMs: 6_000, answer: served(5, left(2)) })
    expect(find(quotaHeadersTrue, story)).toMatchObject({ status: 'pass', samples: 5 })
  })

  test('calls that overlap may be told of in any order', () => {
    const story = aRun().agent('a')
    story.call({ of: 'a', atMs: 3_000, answer: served(500, left(1)) })
    story.call({ of: 'a', atMs: 3_100, answer: served(900, left(4)) })
    expect(find(quotaHeadersTrue, story)).toMatchObject({ status: 'pass' })
  })

  test('a refusal of calls at once says nothing of a rate', () => {
    const answer = refused({ ...left(3), data: { code: 'CONCURRENCY_LIMITED', scope: 'concurrency', retryAfterMs: 500 } })
    expect(find(quotaHeadersTrue, aRun().agent('a').call({ of: 'a', atMs: 3_000, answer }))).toMatchObject({ status: 'pass' })
  })

  /** Redis is away from 10 s to 18 s: before it has noticed nobody knows where it counts, then each instance counts from a full one. */
  const away = (...said: [atMs: number, r: number, q: number, instance?: string][]) => {
    const story = aRun().agent('a').fault('redis-frozen', { on: 'redis' })
    for (const [atMs, r, q, instance] of said)
      story.call({
        of: 'a',
        atMs,
        answer: served(5, { rateLimit: `"agent";r=${r}`, rateLimitPolicy: `"agent";q=${q};w=5`, ...(instance && { instance }) }),
      })
    return story
  }

  test('while Redis is away an instance counts for itself, from a full budget of its own', () => {
    const story = away([9_000, 2, 20], [9_500, 1, 20], [10_300, 9, 10], [13_000, 9, 10], [13_500, 8, 10], [17_000, 9, 10], [23_000, 19, 20])
    expect(find(quotaHeadersTrue, story)).toMatchObject({ status: 'pass', samples: 7 })
    const several = away([13_000, 2, 10, '1'], [13_300, 9, 10, '2'], [13_600, 1, 10, '1'])
    expect(find(quotaHeadersTrue, several)).toMatchObject({ status: 'pass' })
  })

  test('there too an instance tells the truth of what it counts', () => {
    expect(find(quotaHeadersTrue, away([13_000, 9, 10], [13_500, 4, 10]))).toMatchObject({ status: 'fail', measured: 1 })
    expect(find(quotaHeadersTrue, away([13_000, 1, 10], [13_500, 6, 10]))).toMatchObject({ status: 'fail', measured: 1 })
    expect(find(quotaHeadersTrue, away([10_300, -1, 10]))).toMatchObject({ status: 'fail', measured: 1 })
    const roomy = away().call({ of: 'a', atMs: 13_000, answer: refused(left(3)) })
    expect(find(quotaHeadersTrue, roomy)).toMatchObject({ status: 'fail', measured: 1 })
  })

  test('the server may say itself that it counts alone', () => {
    const story = told(0, 4)
    expect(find(quotaHeadersTrue, story)).toMatchObject({ status: 'fail' })
    for (const [atMs, value] of [
      [2_500, 0],
      [3_500, 1],
      [4_500, 1],
    ] as const)
      story.sample('metrics', atMs, { limiterLocal: value })
    expect(find(quotaHeadersTrue, story)).toMatchObject({ status: 'pass' })
  })

  test('what a Redis that is emptied had counted is forgotten, once, and it goes on counting', () => {
    const emptied = (...said: [atMs: number, r: number][]) => {
      const story = aRun().agent('a').fault('redis-flushed', { on: 'redis', fromMs: 10_000, toMs: 18_000 })
      for (const [atMs, r] of said)
        story.call({ of: 'a', atMs, answer: served(5, { rateLimit: `"agent";r=${r}`, rateLimitPolicy: '"agent";q=20;w=60' }) })
      return find(quotaHeadersTrue, story)
    }
    expect(emptied([9_000, 2], [9_500, 1], [13_000, 18], [13_500, 17])).toMatchObject({ status: 'pass', samples: 4 })
    expect(emptied([9_000, 2], [9_500, 12])).toMatchObject({ status: 'fail', says: expect.stringContaining('rose faster') })
    expect(emptied([13_000, 18], [16_000, 9])).toMatchObject({ status: 'fail', says: expect.stringContaining('fell by more') })
    expect(emptied([13_000, 2], [19_000, 12])).toMatchObject({ status: 'fail', says: expect.stringContaining('rose faster') })
  })

  test('its own word tells when it counts alone, and so what it says soon after Redis went away', () => {
    const soon = (...said: [atMs: number, r: number][]) => away(...said.map(([atMs, r]) => [atMs, r, 10] as [number, number, number]))
    expect(find(quotaHeadersTrue, soon([10_600, 9], [11_200, 4]))).toMatchObject({ status: 'pass' })
    const telling = (...said: [atMs: number, r: number][]) => {
      const story = soon(...said)
      for (let atMs = 2_000; atMs < 27_000; atMs += 250)
        story.sample('metrics', atMs, { limiterLocal: atMs > 10_000 && atMs < 19_000 ? 1 : 0 })
      return find(quotaHeadersTrue, story)
    }
    expect(telling([9_500, 2], [10_100, 9], [10_600, 9], [11_200, 8])).toMatchObject({ status: 'pass' })
    expect(telling([10_600, 9], [11_200, 4])).toMatchObject({ status: 'fail', measured: 1 })
  })

  test('a server that was killed may have forgotten what was spent', () => {
    const told = (r: number) => served(5, { rateLimit: `"agent";r=${r};t=60`, rateLimitPolicy: '"agent";q=20;w=60' })
    const story = () =>
      aRun()
        .agent('a')
        .call({ of: 'a', atMs: 9_000, answer: told(2) })
        .call({ of: 'a', atMs: 25_000, answer: told(19) })
    expect(find(quotaHeadersTrue, story().fault('server-killed', { on: 'server', toMs: 11_000 })).status).toBe('pass')
    expect(find(quotaHeadersTrue, story())).toMatchObject({ status: 'fail', says: expect.stringContaining('rose faster') })
  })

  test('a budget that all agents spend together falls by the calls of all; one that fits nobody is false', () => {
    const shared = (...said: [of: string, r: number][]) => {
      const story = aRun().agent('a').agent('b')
      for (const [n, [of, r]] of said.entries()) story.call({ of, atMs: 3_000 + n * 100, answer: served(5, left(r, 'everybody')) })
      return story
    }
    const spent = shared(['a', 5], ['b', 4], ['b', 3], ['b', 2], ['b', 1], ['a', 0])
    expect(find(quotaHeadersTrue, spent)).toMatchObject({ status: 'pass', samples: 6 })
    expect(find(quotaHeadersTrue, shared(['a', 5], ['b', 5], ['b', 5], ['b', 5], ['a', 0]))).toMatchObject({ status: 'fail' })
  })

  test('an agent may have a budget of the same name for each tool', () => {
    const story = (cheap: number[], dear: number[]) => {
      const told = aRun().agent('a')
      for (const [n, r] of cheap.entries()) {
        told.call({ of: 'a', atMs: 3_000 + n * 100, answer: served(5, left(r, '5-in-10s')) })
        told.call({ of: 'a', role: 'expensiveRead', atMs: 3_050 + n * 100, answer: served(5, left(dear[n] ?? 0, '5-in-10s')) })
      }
      return told
    }
    expect(find(quotaHeadersTrue, story([2, 1, 0], [5, 4, 3]))).toMatchObject({ status: 'pass', samples: 6 })
    expect(find(quotaHeadersTrue, story([2, 1, 0], [5, 4, 0]))).toMatchObject({ status: 'fail' })
  })

  test('a limit on the whole endpoint counts handshakes as well', () => {
    const story = aRun()
      .agent('a')
      .call({ of: 'a', atMs: 3_000, answer: served(5, left(4)) })
    const greeted = () => story.call({ of: 'a', role: 'handshake', atMs: 3_500, answer: served(5) })
    greeted().call({ of: 'a', role: 'handshake', atMs: 3_600, answer: served(5) })
    expect(find(quotaHeadersTrue, story.call({ of: 'a', atMs: 4_000, answer: served(5, left(1)) }))).toMatchObject({ status: 'pass' })
    expect(find(quotaHeadersTrue, greeted().call({ of: 'a', atMs: 5_000, answer: served(5, left(0)) })).status).toBe('pass')
    expect(find(quotaHeadersTrue, told(4, 1)).status).toBe('fail')
  })

  test('a window that is over begins anew: what was left may be all of it at once, as soon as the reset that was told has come', () => {
    const windows = (resetS: number) => {
      const story = aRun().agent('a')
      const told = (r: number, t: number) => ({
        rateLimit: `"5-in-1min"; r=${r}; t=${t}`,
        rateLimitPolicy: '"5-in-1min"; q=5; w=60; pk=:YTox:',
      })
      for (const [n, r] of [2, 1, 0].entries()) story.call({ of: 'a', atMs: 3_000 + n * 1_000, answer: served(5, told(r, resetS - n)) })
      return find(quotaHeadersTrue, story.call({ of: 'a', atMs: 8_000, answer: served(5, told(4, 60)) }))
    }
    expect(windows(5)).toMatchObject({ status: 'pass', samples: 4 })
    expect(windows(9)).toMatchObject({ status: 'fail', says: expect.stringContaining('rose faster') })
  })

  /** One call a second, of the tools in turn; `costs`: what each takes of 500; `left`: what a refusal at the end says. */
  const weighed = (costs: number[], { calls = 60, extra = 0, left = 0 } = {}) => {
    const story = aRun().agent('a')
    const roles = ['cheapRead', 'expensiveRead'] as const
    let r = 500
    for (let n = 0; n < calls; n++) {
      r -= (costs[n % 2] ?? 1) + (n === 30 ? extra : 0)
      const answer = served(5, { rateLimit: `"agent";r=${r};t=90`, rateLimitPolicy: '"agent";q=500;w=3600' })
      story.call({ of: 'a', role: roles[n % 2] ?? 'cheapRead', atMs: 3_000 + n * 100, answer })
    }
    const header = { rateLimit: `"agent";r=${left};t=90`, rateLimitPolicy: '"agent";q=500;w=3600' }
    if (left > 0) story.call({ of: 'a', role: 'expensiveRead', atMs: 9_500, answer: refused(header) })
    return find(quotaHeadersTrue, story)
  }

  test('a server may weigh its calls: what those of a tool take as a habit is unknown, what one takes once is false', () => {
    expect(weighed([1, 5])).toMatchObject({ status: 'unknown', measured: 0, says: expect.stringContaining('as a habit') })
    expect(weighed([3, 3]).status).toBe('unknown')
    expect(weighed([1, 1], { extra: 4 })).toMatchObject({ status: 'fail', measured: 1 })
    expect(weighed([1, 5], { calls: 4 })).toMatchObject({ status: 'fail', measured: 2 })
    // Less than the call would have cost.
    expect(weighed([1, 5], { left: 3 }).status).toBe('unknown')
    expect(weighed([1, 1], { left: 3 })).toMatchObject({ status: 'fail', says: expect.stringContaining('room, on a refusal') })
  })

  test('where calls are weighed, one may be refused with less left than it takes; where they are not, that is false', () => {
    const story = (cost: number, left: number) => {
      const told = (r: number) => ({ rateLimit: `"agent";r=${r};t=90`, rateLimitPolicy: '"agent";q=500;w=3600' })
      const spent = aRun().agent('a')
      for (let n = 0; n < 20; n++) spent.call({ of: 'a', atMs: 3_000 + n * 100, answer: served(5, told(left + (19 - n) * cost)) })
      return spent.call({ of: 'a', atMs: 6_000, answer: refused(told(left)) })
    }
    const found = find(quotaHeadersTrue, story(5, 3))
    expect(found).toMatchObject({ status: 'unknown', measured: 0, says: expect.stringContaining('as a habit') })
    expect(find(quotaHeadersTrue, story(1, 3))).toMatchObject({ status: 'fail', measured: 1 })
    // More than any of them took.
    expect(find(quotaHeadersTrue, story(5, 80))).toMatchObject({ status: 'fail', measured: 1 })
  })

  test('a reset is told in seconds: neither a date nor milliseconds; who is shut out may have to wait for longer', () => {
    const header = (t: number) => ({ rateLimit: `"agent";r=0;t=${t}`, rateLimitPolicy: policy })
    const status = (answer: Answer) => find(quotaHeadersTrue, aRun().agent('a').call({ of: 'a', atMs: 3_000, answer })).status
    const told = [10, 20, 10_000, 1_767_225_613].map((t) => status(served(5, header(t))))
    expect(told).toEqual(['pass', 'pass', 'fail', 'fail'])
    expect(status(refused(header(900)))).toBe('pass')
  })

  test('a 429 that names neither a budget nor a rate may be of calls at once: room beside it is unknown', () => {
    const roomy = (more: Parameters<typeof refused>[0]) =>
      find(
        quotaHeadersTrue,
        aRun()
          .agent('a')
          .call({ of: 'a', atMs: 3_000, answer: without(refused({ ...left(3), ...more }), 'rpcCode') }),
      )
    expect(roomy({ data: {} })).toMatchObject({ status: 'unknown', witnesses: [0], says: expect.stringContaining('which limit') })
    expect(roomy({ data: {}, message: 'Rate limit exceeded, retry in 1 minute' })).toMatchObject({ status: 'fail', measured: 1 })
    expect(roomy({ data: { scope: 'address' } })).toMatchObject({ status: 'fail', measured: 1 })
  })

  test('a sliding window gives back at once what it was asked at once, a window ago; a bucket is full when it said it would be', () => {
    const story = (...said: [atMs: number, r: number, t: number][]) => {
      const sliding = aRun().agent('a')
      for (const [atMs, r, t] of said)
        sliding.call({ of: 'a', atMs, answer: served(5, { rateLimit: `"agent";r=${r};t=${t}`, rateLimitPolicy: policy }) })
      return find(quotaHeadersTrue, sliding)
    }
    // Four at 3 s and one at 11 s, of five in ten seconds; t is when all of it is there again.
    const four = [3_000, 3_010, 3_020, 3_030].map((atMs, n): [number, number, number] => [atMs, 4 - n, 10])
    expect(story(...four, [11_000, 0, 10], [13_100, 3, 10]).status).toBe('pass')
    expect(story([11_000, 0, 10], [13_100, 3, 10])).toMatchObject({ status: 'fail', says: expect.stringContaining('rose faster') })
    // A bucket of five that is full in four seconds, whatever its policy says.
    expect(story([3_000, 0, 5], [5_500, 3, 2]).status).toBe('pass')
  })

  test('the form of draft 7 has no names: the quota stands for one', () => {
    const story = (...said: [r: number, t: number][]) => {
      const old = aRun().agent('a')
      for (const [n, [r, t]] of said.entries()) {
        const header = { rateLimit: `limit=5, remaining=${r}, reset=${t}`, rateLimitPolicy: '5;w=10;comment="fixed window", 90;w=3600' }
        old.call({ of: 'a', atMs: 3_000 + n * 1_000, answer: served(5, header) })
      }
      return find(quotaHeadersTrue, old)
    }
    expect(story([4, 10], [3, 9], [2, 8])).toMatchObject({ status: 'pass', samples: 3 })
    expect(story([4, 10], [1, 9])).toMatchObject({ status: 'fail', says: expect.stringContaining('fell by more') })
    expect(story([0, 10], [4, 9])).toMatchObject({ status: 'fail', says: expect.stringContaining('rose faster') })
  })

  test('a name may be a word', () => {
    const told = (r: number) =>
      served(5, { rateLimit: `default;r=${r};t=9, daily;r=90`, rateLimitPolicy: 'default;q=5;w=10, daily;q=100;w=86400' })
    const story = (...said: [number, number]) =>
      find(
        quotaHeadersTrue,
        aRun()
          .agent('a')
          .call({ of: 'a', atMs: 3_000, answer: told(said[0]) })
          .call({ of: 'a', atMs: 4_000, answer: told(said[1]) }),
      )
    expect(story(4, 3)).toMatchObject({ status: 'pass', samples: 4 })
    expect(story(4, 1)).toMatchObject({ status: 'fail', measured: 1 })
  })

  test('a window that is over may begin anew without a word of when: all of it is there again, at once', () => {
    const risen = (r: number) => {
      const story = aRun().agent('a')
      const told = (left: number) => served(5, { rateLimit: `"agent";r=${left}`, rateLimitPolicy: '"agent";q=50;w=60' })
      story.call({ of: 'a', atMs: 3_000, answer: told(2) }).call({ of: 'a', atMs: 8_000, answer: told(r) })
      return find(quotaHeadersTrue, story)
    }
    expect(risen(49)).toMatchObject({ status: 'pass', samples: 2 })
    expect(risen(30)).toMatchObject({ status: 'fail', says: expect.stringContaining('rose faster') })
  })

  test('a policy without a name, as draft 7 has it, is held to the same', () => {
    const said = (remaining: number, reset = 9) => ({
      rateLimit: `limit=5, remaining=${remaining}, reset=${reset}`,
      rateLimitPolicy: '5;w=10',
    })
    const story = () => {
      const told = aRun().agent('a')
      for (const [n, r] of [4, 3, 2, 1, 0].entries()) told.call({ of: 'a', atMs: 3_000 + n * 500, answer: served(5, said(r, 9 - n)) })
      return told
    }
    expect(find(quotaHeadersTrue, story().call({ of: 'a', atMs: 5_500, answer: refused(said(0)) }))).toMatchObject({
      status: 'pass',
      samples: 6,
    })
    expect(find(quotaHeadersTrue, story().call({ of: 'a', atMs: 5_500, answer: refused(said(3)) })).status).toBe('fail')
    expect(find(quotaHeadersTrue, story().call({ of: 'a', atMs: 5_500, answer: served(5, said(4)) })).status).toBe('fail')
  })

  test('parameters may come in any order, and of any kind; another partition is another budget', () => {
    const story = aRun().agent('a')
    const told = (pk: string, r: number) => served(5, { rateLimit: `"agent";pk=:${pk}:;strict;r=${r};t=9`, rateLimitPolicy: policy })
    for (const [n, [pk, r]] of (
      [
        ['YQ==', 4],
        ['Yg==', 0],
        ['YQ==', 3],
      ] as const
    ).entries())
      story.call({ of: 'a', atMs: 3_000 + n * 500, answer: told(pk, r) })
    expect(find(quotaHeadersTrue, story)).toMatchObject({ status: 'pass', samples: 3 })
    story.call({ of: 'a', atMs: 5_000, answer: told('YQ==', 0) })
    expect(find(quotaHeadersTrue, story)).toMatchObject({ status: 'fail', measured: 1 })
  })

  test('a quota of something else than requests is not counted in calls; a window is told in whole seconds', () => {
    const story = aRun().agent('a')
    const bytes = (r: number) => served(5, { rateLimit: `"volume";r=${r}`, rateLimitPolicy: '"volume";q=5000;qu="content-bytes";w=10' })
    story.call({ of: 'a', atMs: 3_000, answer: bytes(5_000) }).call({ of: 'a', atMs: 4_000, answer: bytes(100) })
    expect(find(quotaHeadersTrue, story)).toMatchObject({ notExercised: true })
    // 20 in 2.1 s, told as 3 s.
    const rounded = aRun().agent('a')
    for (const [atMs, r] of [
      [3_000, 0],
      [5_000, 18],
    ] as const)
      rounded.call({ of: 'a', atMs, answer: served(5, { rateLimit: `"agent";r=${r}`, rateLimitPolicy: '"agent";q=20;w=3' }) })
    expect(find(quotaHeadersTrue, rounded)).toMatchObject({ status: 'pass' })
  })

  test('a budget that never falls, though more was served than was left, may be none at all', () => {
    const story = (calls: number, everyMs: number, header = left(3)) =>
      aRun()
        .agent('a')
        .calls({ of: 'a', fromMs: 3_000, toMs: 3_000 + calls * everyMs, everyMs, answer: served(20, header) })
    const constant = find(quotaHeadersTrue, story(12, 200))
    expect(constant).toMatchObject({ status: 'unknown', witnesses: [5], says: expect.stringContaining('never fell') })
    // As fast as it refills, not yet more than was left, or after the reset that it tells.
    expect(find(quotaHeadersTrue, story(12, 1_700)).status).toBe('pass')
    expect(find(quotaHeadersTrue, story(4, 200)).status).toBe('pass')
    expect(find(quotaHeadersTrue, story(12, 200, { ...left(3), rateLimit: '"agent";r=3;t=1' })).status).toBe('pass')
    // One policy of several: it may be of other calls.
    const both = { rateLimit: '"agent";r=3;t=9, "writes";r=9;t=9', rateLimitPolicy: '"agent";q=5;w=10, "writes";q=9;w=10' }
    expect(find(quotaHeadersTrue, story(20, 200, both)).status).toBe('pass')
  })

  test('no header, nothing to look at; no answers, not judged', () => {
    expect(find(quotaHeadersTrue, aRun().agent('a').call({ of: 'a', atMs: 3_000, answer: served() }))).toMatchObject({ notExercised: true })
    expect(verdictOf(told(4).hides('responses', 'url'), 'quota-headers-true').status).toBe('not-judged')
  })
})
