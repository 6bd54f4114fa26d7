import { readFileSync } from 'node:fs'
import { beforeAll, describe, expect, it, vi } from 'vitest'
import type { Verdict, Verdicts } from '../checks/check.ts'
import { discover, type Units } from '../discover.ts'
import type { History } from '../history/history.ts'
import type { Chart } from './charts/chart.ts'
import { exampleHistory } from './example/history.ts'
import { everything, hostile } from './example/hostile.ts'
import { exampleVerdict, exampleVerdicts } from './example/verdicts.ts'
import { reportHtml } from './html.ts'
import { pageScript } from './report.ts'
import { gather } from './source.ts'

// Drawing is nothing but computing: on a busy machine it takes as long as it takes.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 })

const script = await pageScript()
const clients = JSON.parse(readFileSync(`${import.meta.dirname}/clients.json`, 'utf8'))
let charts: Units<Chart>
beforeAll(async () => {
  charts = await discover<Chart>('chart', `${import.meta.dirname}/charts`)
})

/** With a log line for every call. */
function pageOf(history: History, verdicts: Verdicts, logged = 'took a while'): Promise<string> {
  const logs = new Map(history.calls.map(({ call }, i) => [call, [{ where: `server-1.log:${i + 1}`, text: `${logged} ${call}` }]]))
  return reportHtml(gather(history, verdicts, logs, clients), charts, script)
}

const starved = exampleHistory({ starved: true, weaken: 'no-agent-limit', notes: ['raw/samples.ndjson was cut in a line'] })
const refused = starved.calls.filter((call) => call.class === 'refused').map((call) => call.index)
const fairness = exampleVerdict('fail', {
  check: 'fairness',
  code: 'A14',
  title: 'One runaway agent starves nobody',
  says: 'Only 58 % of the others’ calls were good',
  measured: 0.58,
  limit: 0.95,
  interval: [0.53, 0.63],
  unit: 'of 1',
  margin: -0.39,
  remedy: { control: 'admission', do: 'Give each agent a budget of its own.', runbook: 'runaway-agent' },
  advice: [{ setting: 'AGENT_RATE_PER_MINUTE', present: 'off', suggested: '120' }],
  witnesses: refused,
  exhibits: ['key st-7-w7: rows INV-0007, INV-0008'],
})
const ofAll: Verdict[] = [
  exampleVerdict('pass'),
  exampleVerdict('not-judged', { check: 'queue-bounded' }),
  exampleVerdict('unknown', { check: 'recovers' }),
  fairness,
]

describe('report.html', () => {
  let page = ''
  beforeAll(async () => {
    page = await pageOf(starved, exampleVerdicts('fail', ofAll, '3 of 4 judged, 1 failed', 'no-agent-limit'))
  })

  it('opens with the verdict, the sentence, the headline and the counts', () => {
    expect(page).toContain('<title>✕ runaway-loop against reference: did not hold</title>')
    expect(text(page)).toMatch(/Did not hold Only 58 % of the others’ calls were good\. 3 of 4 judged, 1 failed, 1 unknown; 1 not judged/)
    expect(text(page)).toMatch(/✕ 1 fail \? 1 unknown – 1 not judged ✓ 1 pass/)
    expect(text(page)).toContain('weakened on purpose: no-agent-limit')
  })

  it('has the checks in order, all but the passes open', () => {
    const cards = [...page.matchAll(/<details class="card ([a-z-]+)" id="check-[a-z-]+" data-status="[a-z-]+"( open)?>/g)].map(
      ([, status, open]) => `${status}${open ?? ''}`,
    )
    expect(cards).toEqual(['fail open', 'unknown open', 'not-judged open', 'pass'])
  })

  it('says of a fail what was measured, what to change and who saw it', () => {
    const card = text(section(page, 'check-fairness', '</details></div>'))
    for (const said of [
      '58 %',
      'limit 95 %',
      '39 % past the limit',
      '53 % to 63 %',
      'AGENT_RATE_PER_MINUTE off 120',
      'runbook: runaway-agent',
    ]) {
      expect(card).toContain(said)
    }
    expect(card).toContain('key st-7-w7: rows INV-0007, INV-0008')
    for (const said of [
      'POST http://127.0.0.1:41873/v1/mcp',
      '"name": "list_tables"',
      'HTTP 429',
      '"retryAfterMs": 1200',
      'server-1.log:',
    ]) {
      expect(card).toContain(said)
    }
  })

  it('shows at most twenty witnesses, and how many there are', () => {
    expect(refused.length).toBeGreaterThan(20)
    expect(section(page, 'check-fairness', 'link to this check').match(/<details class="exchange"/g)).toHaveLength(20)
    expect(text(page)).toContain(`Witnesses: ${refused.length} calls, 20 shown`)
  })

  it('says why something is unknown and which line to add for what was not judged', () => {
    expect(text(page)).toContain('Unknown because: G3 baseline-steady: the halves of the steady phase differ by 9 points')
    expect(text(page)).toContain("add this to the target: observe: { postgres: { role: 'app' } }")
  })

  it('counts the calls by class and phase, says how sure it is, and how to do it again', () => {
    expect(text(section(page, 'failures', '</section>'))).toMatch(/HTTP the status says it [\d,]+ [\d.]+ % refused steady fail 0 0 \d+ 0/)
    expect(text(section(page, 'certainty', '</section>'))).toContain('raw/samples.ndjson was cut in a line')
    expect(text(section(page, 'reproduce', '</section>'))).toContain('npm run scenario runaway-loop -- --seed 7 --weaken no-agent-limit')
    expect(page).toContain('<a href="raw/load.ndjson">')
  })

  it('runs no script but its own, and needs no network', () => {
    expect(script).not.toMatch(/<\/script|<!--/i)
    expect(withoutScripts(page)).not.toMatch(/<(?:script|link|iframe|object|embed|img|base|form)\b|@import|\bon[a-z]+="/i)
    expect(page).not.toMatch(/(?:src|href|action)="(?!#|raw\/|[a-z]+\.(?:json|ndjson)")/)
    expect(page).not.toMatch(/url\((?!#)/)
    expect(page).toContain("content=\"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-".replaceAll("'", '&#39;'))
  })

  it('has no id twice, and every link within the page leads somewhere', () => {
    const ids = [...page.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id)
    expect(new Set(ids).size).toBe(ids.length)
    for (const [, to] of page.matchAll(/href="#([^"]+)"/g)) expect(ids).toContain(to)
  })

  it('is the same bytes for the same history', async () => {
    const again = exampleHistory({ starved: true, weaken: 'no-agent-limit', notes: ['raw/samples.ndjson was cut in a line'] })
    expect(await pageOf(again, exampleVerdicts('fail', ofAll, '3 of 4 judged, 1 failed', 'no-agent-limit'))).toBe(page)
  })
})

describe('report.html of other runs', () => {
  it('says that all held', async () => {
    const page = await pageOf(exampleHistory(), exampleVerdicts('pass', [exampleVerdict('pass')], '1 of 1 judged, all held'))
    expect(text(page)).toContain('Held 1 of 1 judged, all held.')
    expect(page).not.toContain('class="notice"')
  })

  it('names what the target does not show, and the line that would', async () => {
    const offers = { responses: true as const, 'observe.metrics.poolUsed': "observe: { metrics: '/metrics' }" }
    const page = await pageOf(exampleHistory({ offers }), exampleVerdicts('pass', [], ''))
    expect(text(page)).toContain('Pool: connections used, callers waiting : this target does not show it. To see it, add observe')
    expect(page).not.toContain('id="chart-pool"')
  })

  it('tells whether each fault bit', async () => {
    const page = await pageOf(exampleHistory({ fault: true }), exampleVerdicts('pass', [], ''))
    expect(text(page)).toMatch(/postgres-latency stress 11\.0 ✓ felt: canary round trip 612 ms 19\.1 ✓ healed/)
  })

  it('survives a run of which nothing was recorded', async () => {
    const { manifest, ...rest } = exampleHistory()
    const { generator: _, harness: __, callsInServerLog: ___, commit: ____, ...bare } = manifest
    const empty = { ...rest, manifest: { ...bare, state: 'aborted' as const }, calls: [], agents: [], samples: [], clocks: [] }
    const page = await pageOf(empty, exampleVerdicts('unknown', [exampleVerdict('unknown', { witnesses: [5] })], ''))
    expect(text(page)).toContain('stopped before its end')
    expect(withoutScripts(page)).not.toMatch(/NaN|undefined|Infinity/)
  })

  it('cannot be injected into, whatever the server, the target or a scenario is called', async () => {
    const history = exampleHistory({ starved: true, fault: true, hostileText: everything, weaken: everything, notes: [everything] })
    const evil = (['fail', 'unknown', 'not-judged', 'pass'] as const).map((status) =>
      exampleVerdict(status, {
        title: everything,
        says: everything,
        because: everything,
        addLine: everything,
        exhibits: [everything],
        unit: everything,
        witnesses: [450, 451, 452],
        measured: 3,
        limit: 2,
      }),
    )
    const page = await pageOf(history, { ...exampleVerdicts('fail', evil, everything, everything), scenario: everything })
    expect(withoutScripts(page)).not.toMatch(/<(?:script|img|failure|h)\b/i)
    expect(page.match(/<\/(?:style|main|body|html)>/g)).toEqual(['</style>', '</main>', '</body>', '</html>'])
    expect(page.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Zl}\p{Zp}\u202a-\u202e\u2066-\u2069]/u)
  })

  it('stays small: a megabyte of text is cut, a long run is put together', async () => {
    const history = exampleHistory({ starved: true, callsPerSecond: 1_000, hostileText: hostile.megabyte })
    expect(history.calls.length).toBeGreaterThan(50_000)
    const verdict = exampleVerdict('fail', {
      witnesses: history.calls.map(({ index }) => index),
      exhibits: Array<string>(1_000).fill(hostile.megabyte),
    })
    const page = await pageOf(history, exampleVerdicts('fail', [verdict], hostile.megabyte))
    // Twenty-odd calls are shown whole, each with several hostile texts that are cut at 2,000 characters.
    expect(page.length).toBeLessThan(1_000_000)
  })
})

/** What is left once our own script, which must be there once, and the data for it are taken out. */
function withoutScripts(page: string): string {
  const own = `<script>${script}</script>`
  expect(page.split(own)).toHaveLength(2)
  return page.replace(own, '').replace(/<script type="application\/json"[^>]*>[^<]*<\/script>/g, '')
}

/** As it would be read: tags become spaces, runs of spaces one, quotes themselves. */
function text(page: string): string {
  return page
    .replace(/<style>.*?<\/style>/s, '')
    .replace(/<[^>]*>/g, ' ')
    .replace(/\s+/g, ' ')
    .replaceAll('&quot;', '"')
    .replaceAll('&#39;', "'")
}

function section(page: string, id: string, end: string): string {
  const from = page.indexOf(`id="${id}"`)
  return page.slice(from, page.indexOf(end, from))
}
