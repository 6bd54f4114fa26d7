import { describe, expect, test } from 'vitest'
import {
  type Answer,
  closedUnread,
  endedStream,
  gaveUp,
  refused,
  reset,
  served,
  toolError,
} from '../../tests/fixtures/histories/answers.ts'
import { aRun } from '../../tests/fixtures/histories/build.ts'
import { find, verdictOf } from '../../tests/fixtures/histories/judged.ts'
import { cleanDrain } from './clean-drain.ts'

const draining = refused({ status: 503, data: { code: 'DRAINING', retryable: true, retryAfterMs: 1_000 } })

/** An instance is told to stop at 10 s; calls before, across and after. */
function drained(endedMs = 840) {
  const story = aRun().agent('a').fault('server-drained', { on: 'server' })
  for (const fault of story.plan.faults) fault.parameters.instance = 1
  for (const line of story.faults) if (line.event === 'felt') line.detail = `server 1 ended after ${endedMs} ms (exit 0)`
  story.call({ of: 'a', atMs: 9_900, answer: served(300), serverMs: 290 })
  return story.call({ of: 'a', atMs: 10_100, answer: draining })
}

describe('clean-drain', () => {
  test('holds when calls inside are answered and new ones refused', () => {
    expect(find(cleanDrain, drained())).toMatchObject({
      status: 'pass',
      measured: 0,
      samples: 2,
      says: expect.stringContaining('ended after 840 ms'),
    })
  })

  test('fails when a call inside is cut, or never answered', () => {
    expect(find(cleanDrain, drained().call({ of: 'a', atMs: 9_950, answer: reset(200) }))).toMatchObject({
      status: 'fail',
      measured: 1,
      witnesses: [1],
    })
    expect(find(cleanDrain, drained().call({ of: 'a', atMs: 9_950, serverMs: 30 })).status).toBe('fail')
  })

  test('a new call that the drained instance answers with an error of its own is lost: DRAINING would have sent it elsewhere', () => {
    const internal = toolError('INTERNAL', 5)
    const story = drained().call({ of: 'a', atMs: 10_200, answer: internal, serverMs: 4 })
    expect(find(cleanDrain, story)).toMatchObject({ status: 'fail', measured: 1, witnesses: [2] })
    const before = drained().call({ of: 'a', atMs: 9_000, answer: internal, serverMs: 4 })
    expect(find(cleanDrain, before.call({ of: 'a', atMs: 10_200, answer: internal, serverMs: 4 })).status).toBe('pass')
    expect(find(cleanDrain, drained().call({ of: 'a', atMs: 10_200, answer: internal })).status).toBe('pass')
  })

  test('a call inside that is left without any answer is lost, unless it hung long before, or its caller was impatient', () => {
    const silent = (atMs: number, timeoutMs = 6_000) =>
      find(cleanDrain, drained().call({ of: 'a', role: 'expensiveRead', atMs, timeoutMs, answer: gaveUp(timeoutMs) }))
    expect(silent(9_700)).toMatchObject({ status: 'fail', measured: 1, timed: true })
    expect(silent(10_300).status).toBe('fail')
    expect(silent(6_000).status).toBe('pass')
    expect(silent(9_700, 1_000).status).toBe('pass')
  })

  test('what is cut before the signal is known to have arrived is cut by it', () => {
    const story = drained().call({ of: 'a', atMs: 9_800, answer: reset(240) })
    for (const line of story.faults) if (line.event === 'injected') line.atMs += 300
    expect(find(cleanDrain, story)).toMatchObject({ status: 'fail', measured: 1 })
  })

  test('a proxy before it tells a cut connection as 502: a call inside is lost all the same, one that never got in is not', () => {
    const proxied = (afterMs: number, more = {}) =>
      drained().call({
        of: 'a',
        atMs: 10_050,
        answer: { afterMs, evidence: { status: 502, contentType: 'text/html', parsed: false, ...more } },
      })
    expect(find(cleanDrain, proxied(300))).toMatchObject({ status: 'fail', measured: 1, witnesses: [1] })
    expect(find(cleanDrain, proxied(300, { status: 504 })).status).toBe('fail')
    expect(find(cleanDrain, proxied(4)).status).toBe('pass')
    expect(find(cleanDrain, proxied(300, { parsed: true, rpcCode: 50_302 })).status).toBe('pass')
  })

  test('a server that ends its event streams as it is told to stop has lost what was to come on them', () => {
    const ended = (atMs: number, answer = endedStream()) => drained().call({ of: 'a', atMs, answer })
    expect(find(cleanDrain, ended(9_950))).toMatchObject({ status: 'fail', measured: 1, witnesses: [1] })
    expect(find(cleanDrain, ended(9_950, endedStream(200, ': ping\n\n'))).status).toBe('fail')
    expect(find(cleanDrain, ended(9_000)).status).toBe('pass')
    expect(find(cleanDrain, ended(10_050, endedStream(4))).status).toBe('pass')
  })

  test('in the eras of sessions such a stream may go on elsewhere, where its events have ids: k6 cannot tell', () => {
    const ended = (driver: string, protocol: '2025-11-25' | '2026-07-28') => {
      const story = drained().call({ of: 'a', atMs: 9_950, answer: endedStream(200, 'id: 7_1\ndata:\n\n') })
      Object.assign(story.manifest, { driver, protocol })
      return story
    }
    expect(find(cleanDrain, ended('k6', '2025-11-25'))).toMatchObject({ status: 'unknown', witnesses: [1] })
    expect(find(cleanDrain, ended('k6', '2026-07-28')).status).toBe('fail')
    expect(find(cleanDrain, ended('undici', '2025-11-25')).status).toBe('fail')
    expect(find(cleanDrain, ended('k6', '2025-11-25').call({ of: 'a', atMs: 9_960, answer: reset(200) })).status).toBe('fail')
  })

  test('Envoy tells it as 503, in words of its own: one with others may be the server’s, which turns a new call away', () => {
    const proxied = (message: string, afterMs = 300) =>
      drained().call({
        of: 'a',
        atMs: 10_050,
        answer: { afterMs, evidence: { status: 503, contentType: 'text/plain', parsed: false, message } },
      })
    const cut = 'upstream connect error or disconnect/reset before headers. reset reason: connection termination'
    expect(find(cleanDrain, proxied(cut))).toMatchObject({ status: 'fail', measured: 1, witnesses: [1] })
    expect(find(cleanDrain, proxied('{\n  "message":"failure to get a peer from the ring-balancer"\n}')).status).toBe('fail')
    expect(find(cleanDrain, proxied(cut, 4)).status).toBe('pass')
    expect(find(cleanDrain, proxied('Service Unavailable')).status).toBe('pass')
  })

  test('Cloudflare tells a cut connection by numbers of its own, Apache in words of its own', () => {
    const proxied = (status: number, message: string, afterMs = 300) =>
      drained().call({ of: 'a', atMs: 10_050, answer: { afterMs, evidence: { status, contentType: 'text/html', parsed: false, message } } })
    expect(find(cleanDrain, proxied(520, 'Web server is returning an unknown error'))).toMatchObject({ status: 'fail', measured: 1 })
    expect(find(cleanDrain, proxied(521, 'Web server is down', 4)).status).toBe('pass')
    const apache = 'The server is temporarily unable to service your\nrequest due to maintenance downtime or capacity\nproblems.'
    expect(find(cleanDrain, proxied(503, apache)).status).toBe('fail')
  })

  test('a call that was inside may not be told that a dependency is away, where nobody broke it: its pool was closed under it', () => {
    const dependency = refused({ status: 503, data: { code: 'DEPENDENCY_UNAVAILABLE', retryable: true, retryAfterMs: 1_000 } })
    const told = (atMs: number, afterMs: number) =>
      drained().call({ of: 'a', atMs, answer: { ...dependency, afterMs }, serverMs: afterMs - 2 })
    expect(find(cleanDrain, told(9_800, 240))).toMatchObject({ status: 'fail', measured: 1, witnesses: [0] })
    // A new one is sent elsewhere by it.
    expect(find(cleanDrain, told(10_100, 40)).status).toBe('pass')
    // So it went before, when nothing was broken.
    expect(find(cleanDrain, told(9_800, 240).call({ of: 'a', atMs: 5_000, answer: dependency })).status).toBe('pass')
    expect(find(cleanDrain, told(9_800, 240).fault('postgres-refused', { fromMs: 9_000 })).status).toBe('pass')
    const bare = drained().call({ of: 'a', atMs: 9_800, answer: { afterMs: 240, evidence: { status: 503 } }, serverMs: 238 })
    expect(find(cleanDrain, bare).status).toBe('fail')
  })

  test('what failed in another fault does not excuse what fails in the drain', () => {
    const internal = toolError('INTERNAL', 5)
    const story = drained().call({ of: 'a', atMs: 4_000, answer: internal, serverMs: 4 })
    story.call({ of: 'a', atMs: 10_200, answer: internal, serverMs: 4 })
    expect(find(cleanDrain, story).status).toBe('pass')
    expect(find(cleanDrain, story.fault('server-killed', { on: 'server', fromMs: 3_000, toMs: 5_000 })).status).toBe('fail')
  })

  test('what another instance had, by its log, is not of the drain; nor is a hang that was there before', () => {
    const elsewhere = (answer: Answer) => {
      const story = drained().call({ of: 'a', atMs: 9_800, answer, serverMs: 200 })
      story.server.set(story.lastCall, { instance: '2', durationMs: 200 })
      return find(cleanDrain, story).status
    }
    expect(elsewhere(reset(400))).toBe('pass')
    expect(elsewhere(gaveUp())).toBe('pass')
    const hanging = drained().call({ of: 'a', role: 'expensiveRead', atMs: 9_700, answer: gaveUp() })
    expect(find(cleanDrain, hanging).status).toBe('fail')
    expect(find(cleanDrain, hanging.call({ of: 'a', role: 'expensiveRead', atMs: 3_000, answer: gaveUp() })).status).toBe('pass')
  })

  test('a call that was inside may not be told DRAINING: by its own log, or since it left long before', () => {
    const told = (afterMs: number, serverMs?: number) => {
      const call = { of: 'a', atMs: 10_100 - afterMs, answer: { ...draining, afterMs } }
      return find(cleanDrain, drained().call(serverMs === undefined ? call : { ...call, serverMs }))
    }
    expect(told(700)).toMatchObject({ status: 'fail', measured: 1, witnesses: [0] })
    expect(told(300).status).toBe('pass')
    expect(told(300, 290).status).toBe('fail')
    expect(told(700, 2).status).toBe('pass')
  })

  test('an idle connection that closes under a new call loses nothing, unless the server had begun it', () => {
    expect(find(cleanDrain, drained().call({ of: 'a', atMs: 10_300, answer: reset(3) })).status).toBe('pass')
    expect(find(cleanDrain, drained().call({ of: 'a', atMs: 10_300, answer: reset(3), serverMs: 2 })).status).toBe('fail')
  })

  test('a call that crosses the end of a connection which nobody had used was never inside, however late it is told', () => {
    expect(find(cleanDrain, drained().call({ of: 'a', atMs: 10_300, answer: closedUnread() })).status).toBe('pass')
  })

  test('fails when it takes longer than its grace', () => {
    expect(find(cleanDrain, drained(31_000))).toMatchObject({
      status: 'fail',
      measured: 0,
      says: expect.stringContaining('ended 31 s after'),
    })
  })

  test('cannot tell whether it ends when the window was over first; once its grace is over it is late', () => {
    const running = (detail: string) => {
      const story = drained()
      for (const line of story.faults) if (line.event === 'felt') line.detail = 'instance 1 runs on'
      for (const line of story.faults) if (line.event === 'healed') line.detail = `canary round trip 2 ms; before, instance 1 ${detail}`
      return story
    }
    expect(find(cleanDrain, running('ran on until it was started anew'))).toMatchObject({
      status: 'unknown',
      says: 'none of 2 calls was lost, but nobody waited for its end: it still ran after 8 s, when it was started anew',
    })
    expect(find(cleanDrain, running('ended after 6100 ms'))).toMatchObject({
      status: 'pass',
      says: expect.stringContaining('ended after 6.1 s'),
    })
    expect(find(cleanDrain, running('ran on until it was started anew'), { graceMs: 5_000 })).toMatchObject({
      status: 'fail',
      says: 'it still ran 8 s after it was told to end, allowed are 5 s',
    })
    // What it had when we stopped it.
    const stopped = running('ran on until it was started anew').call({ of: 'a', atMs: 17_900, answer: reset(130) })
    expect(find(cleanDrain, stopped).status).toBe('unknown')
    expect(find(cleanDrain, running('ended after 6100 ms').call({ of: 'a', atMs: 17_900, answer: reset(130) })).status).toBe('fail')
    // What is lost is lost.
    expect(find(cleanDrain, running('ran on until it was started anew').call({ of: 'a', atMs: 9_950, answer: reset(200) })).status).toBe(
      'fail',
    )
  })

  test('cannot tell without a call, has no weight without a drain', () => {
    expect(find(cleanDrain, aRun().agent('a').fault('server-drained', { on: 'server' })).status).toBe('unknown')
    expect(find(cleanDrain, aRun())).toMatchObject({ notExercised: true })
  })

  test('is not judged when answers cannot be seen', () => {
    expect(verdictOf(drained().hides('responses', 'x'), 'clean-drain').status).toBe('not-judged')
  })
})
