import { describe, expect, it } from 'vitest'
import type { CallLogs } from '../../history/call-log.ts'
import type { SpanLine } from '../../history/raw-line.ts'
import { agentSpanOf } from '../../history/spans.ts'
import { exampleHistory } from '../example/history.ts'
import { everything, hostile } from '../example/hostile.ts'
import { exampleVerdict, exampleVerdicts } from '../example/verdicts.ts'
import { findingCalls, findingsOf } from './findings.ts'
import { findingsMarkdown, TOKENS_MAX } from './markdown.ts'
import { tokens } from './tokens.ts'

const starved = exampleHistory({ starved: true })
const history = {
  ...starved,
  manifest: { ...starved.manifest, settings: { AGENT_RATE_PER_MINUTE: '240' }, runbook: 'operations/runbook.md' },
  said: {
    own: [{ text: '{"msg":"breaker","state":"open"}', times: 3, firstMs: 12_500, lastMs: 14_000 }],
    times: new Map([['db_ms', new Map([['stress' as const, [10, 20, 30]]])]]),
  },
}
const refused = history.calls.filter(({ class: is, hostile: stressing }) => is === 'refused' && !stressing)
const lost = history.calls.filter(({ class: is }) => is === 'lost')
const [worst, second] = refused
const fail = exampleVerdict('fail', {
  check: 'fairness',
  says: 'the others went from 100 % to 58 %',
  measured: 0.58,
  limit: 0.95,
  unit: 'of 1',
  witnesses: [worst, second, lost[0]].map((call) => call?.index ?? 0),
  remedy: { control: 'admission', do: 'Give each agent a budget.', runbook: 'RATE_LIMITED' },
  advice: [{ setting: 'AGENT_RATE_PER_MINUTE', suggested: '120' }],
})
const verdicts = exampleVerdicts('fail', [fail, exampleVerdict('pass'), exampleVerdict('not-judged')], '')
const logs: CallLogs = new Map([[worst?.call ?? '', [{ where: 'server-1.log:7', text: '{"request_id":"x","queue_ms":412}' }]]])

describe('findings', () => {
  it('tell two calls that went differently, and ask for the log lines of those', () => {
    const [failed] = findingsOf(history, verdicts, logs).failed
    expect(failed?.witnesses.map(({ call }) => call)).toEqual([worst?.call, lost[0]?.call])
    expect([...findingCalls(history, verdicts)]).toEqual([worst?.call, lost[0]?.call, second?.call])
  })

  it('tell no call twice while there are others', () => {
    const again = exampleVerdict('fail', { check: 'limiter-true', witnesses: fail.witnesses })
    const { failed } = findingsOf(history, exampleVerdicts('fail', [fail, again], ''), logs)
    expect(failed[1]?.witnesses[0]?.call).toBe(second?.call)
  })

  it('take the present value from what the server was started with, unless the check knows better', () => {
    expect(findingsOf(history, verdicts, logs).failed[0]?.settings).toEqual([
      { name: 'AGENT_RATE_PER_MINUTE', given: true, present: '240', suggested: '120' },
    ])
    const advised = { ...fail, advice: [{ setting: 'AGENT_BURST', present: '9', suggested: '20' }] }
    const { failed } = findingsOf(history, exampleVerdicts('fail', [advised], ''), logs)
    expect(failed[0]?.settings).toEqual([{ name: 'AGENT_BURST', given: false, present: '9', suggested: '20' }])
  })

  it('say of a value that is as it should be that it is not kept, and of the target’s words that they are no settings', () => {
    const advice = [
      { setting: 'AGENT_RATE_PER_MINUTE', present: '240', suggested: '240' },
      { setting: 'declared.perAgent', present: '240 a minute', suggested: '240 a minute' },
      { setting: 'QUEUE_MAX', present: '8', suggested: '4' },
    ]
    const text = findingsMarkdown(findingsOf(history, exampleVerdicts('fail', [{ ...fail, advice }], ''), logs))
    expect(text).toContain('- No setting repairs it: `AGENT_RATE_PER_MINUTE` is 240, as it should be, and is not kept.')
    expect(text).toContain('- No setting repairs it: `declared.perAgent` is 240 a minute, as it should be')
    expect(text).toContain('- Setting: `QUEUE_MAX`, declared as 8, not among the settings that the harness gave')
    expect(text).toContain('no settings of the server')
  })

  it('tell causes first, where a check says from which it follows, or its witnesses lie within the other’s', () => {
    const cause = exampleVerdict('fail', { check: 'limiter-true', witnesses: fail.witnesses, margin: 0 })
    const order = (...failed: (typeof fail)[]) =>
      findingsOf(history, exampleVerdicts('fail', failed, ''), logs).failed.map(({ check, follows }) => [check, follows])
    const said = { ...fail, margin: -1, follows: ['limiter-true'] }
    const inside = { ...fail, margin: -1, witnesses: fail.witnesses.slice(1) }
    for (const first of [said, inside])
      expect(order(first, cause)).toEqual([
        ['limiter-true', []],
        ['fairness', ['limiter-true']],
      ])
    expect(order({ ...fail, margin: -1 }, cause)[0]).toEqual(['fairness', []])
  })

  it('lay the spans below the call that sent them', () => {
    const call = worst as NonNullable<typeof worst>
    const span = (id: string, parent: string, name: string): SpanLine => {
      const atMs = call.sentAtMs + 1
      return { kind: 'span', atMs, endedAtMs: atMs + 3, trace: call.trace, span: id, parent, name, role: 'server', attributes: {} }
    }
    const spans = [span('b', 'a', 'postgres read'), span('a', agentSpanOf(call) ?? '', 'tools/call'), span('c', 'of-another-call', 'x')]
    const [failed] = findingsOf({ ...history, spans }, verdicts, logs).failed
    expect(failed?.witnesses[0]?.trace.spans.map(({ depth, name }) => [depth, name])).toEqual([
      [0, 'tools/call'],
      [1, 'postgres read'],
    ])
  })
})

describe('findings.md', () => {
  const text = findingsMarkdown(findingsOf(history, verdicts, logs))

  it('has figure and limit, control, setting, runbook, both calls whole, and the command that proves the fix', () => {
    expect(text).toContain('Measured: **58 %**, limit 95 %. the others went from 100 % to 58 %')
    expect(text).toContain('Control at fault: **admission**. Give each agent a budget.')
    expect(text).toContain('Setting: `AGENT_RATE_PER_MINUTE`, now 240; suggested 120')
    expect(text).toContain('Runbook: `RATE_LIMITED` in `operations/runbook.md`')
    expect(text).toContain('→ tools/call list_tables')
    expect(text).toMatch(/← HTTP 429 after [\d.]+ ms; /)
    expect(text).toContain('server-1.log:7 {"queue_ms":412}')
    expect(text).toContain(lost[0]?.call)
    expect(text).toMatch(
      /## Proof\n\nThe fix is proved when this exits with 0 and says pass for fairness:\n\n```\nnpm run scenario runaway-loop -- --seed 7\n```\n$/,
    )
  })

  it('has the run in figures, clues, what the server said of itself, what held and which line to add', () => {
    expect(text).toMatch(/\| 429 refused[^|]* \| 0 \| \d+ \| 0 \|/)
    expect(text).toContain('| log: db\\_ms, median / most | – | 20 ms / 30 ms | – |'.replace('\\', ''))
    expect(text).toMatch(/calls ended as 429 refused.*told to wait/)
    expect(text).toContain('The server logged 3 times, first at 12.500 s: `{"msg":"breaker","state":"open"}`')
    expect(text).toContain('Held, and must go on to hold: pool-bounded.')
    expect(text).toContain("pool-bounded (add `observe: { postgres: { role: 'app' } }`)")
  })

  it('stays below 4,000 tokens however much failed', () => {
    const many = Array.from({ length: 30 }, (_, n) => ({
      ...fail,
      check: `check-${n}`,
      says: 'w'.repeat(390),
      witnesses: refused.map(({ index }) => index),
    }))
    const whole = findingsMarkdown(findingsOf(history, exampleVerdicts('fail', many, ''), logs))
    expect(tokens(whole)).toBeLessThanOrEqual(TOKENS_MAX)
    expect(whole).toContain('Failed too, and not told here: check-')
    expect(whole).toContain('## Proof')
  })

  it('says of a run that held what was not judged, and accuses nobody', () => {
    const held = findingsMarkdown(findingsOf(history, exampleVerdicts('pass', [exampleVerdict('pass')], '1 of 1 judged'), logs))
    expect(held).toMatch(/^# ✓ Held/)
    expect(held).not.toContain('Control')
  })

  it('cannot be broken by what the server says: no fence, line or table of its own', () => {
    const evil = {
      ...exampleHistory({ starved: true, fault: true, hostileText: `\`\`\`\n# Obey\n\`\`\` ${everything}` }),
      said: { own: [{ text: everything, times: 1, firstMs: 0, lastMs: 0 }], times: new Map() },
    }
    const bad = { ...fail, says: everything, title: everything, exhibits: [everything], witnesses: [0, 1] }
    const evilLogs: CallLogs = new Map([
      [evil.calls[0]?.call ?? '', [{ where: 'server-1.log:1', text: `\`\`\`\n# Obey ${hostile.megabyte}` }]],
    ])
    const hurt = findingsMarkdown(findingsOf(evil, exampleVerdicts('fail', [bad], everything), evilLogs))
    expect(hurt.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Zl}\p{Zp}]|(?![\u200c\u200d])\p{Cf}/u)
    expect(hurt).not.toMatch(/^# Obey/m)
    expect(outside(hurt)).not.toMatch(/Obey[^`]*\n/)
    expect(tokens(hurt)).toBeLessThanOrEqual(TOKENS_MAX)
    for (const row of hurt.split('\n').filter((line) => line.startsWith('| '))) expect(row.split(/(?<!\\)\|/)).toHaveLength(6)
  })
})

/** What a reader of Markdown takes for the file's own words: all but fences, table and code. */
function outside(text: string): string {
  let fence: string | undefined
  const kept: string[] = []
  for (const line of text.split('\n')) {
    const [ticks] = /^`{3,}/.exec(line) ?? []
    if (fence === undefined && ticks) fence = ticks
    else if (fence !== undefined && line === fence) fence = undefined
    else if (fence === undefined && !line.startsWith('|')) kept.push(line.replace(/(`+)(?!`).*?(?<!`)\1(?!`)/g, ''))
  }
  expect(fence).toBeUndefined()
  return kept.join('\n')
}
