import { describe, expect, it } from 'vitest'
import { everything, hostile } from '../example/hostile.ts'
import { exampleVerdict, exampleVerdicts } from '../example/verdicts.ts'
import { comparePage } from './compare-page.ts'
import type { Links } from './frame.ts'
import { listPage } from './list-page.ts'
import { keyChecks, type RunCard, runBefore, seriesOf } from './run-card.ts'
import { trend } from './trend.ts'

const links: Links = {
  home: '/',
  form: '/compare',
  file: (id, file) => `/run/${id}/${file}`,
  compare: (a, b) => `/compare?before=${a}&after=${b}`,
}

function card(day: number, status: 'pass' | 'fail', more: Partial<RunCard> & { weaken?: string; target?: string } = {}): RunCard {
  const { weaken, target = 'reference', ...rest } = more
  const verdict = exampleVerdict(status, { check: 'pool-bounded', measured: status === 'fail' ? 40 : 8, limit: 14, unit: 'connections' })
  const verdicts = {
    ...exampleVerdicts(status, [verdict, exampleVerdict('pass', { check: 'load-offered', sort: 'gate' })], 'held', weaken),
    target,
  }
  return {
    id: `runaway-loop/2026-03-0${day}`,
    verdicts,
    startedAt: `2026-03-0${day}T09:30:00.000Z`,
    facts: {},
    files: ['report.html'],
    ...rest,
  }
}

const runs = [
  card(1, 'pass'),
  card(3, 'fail'),
  card(2, 'pass'),
  card(4, 'pass', { weaken: 'no-breaker' }),
  card(5, 'pass', { target: 'mine' }),
]
const shelf = { folder: 'reports', runs, damaged: [], left: 0 }

describe('series', () => {
  it('hold the runs of one scenario against one target, weakened ones apart, newest first', () => {
    const all = seriesOf(runs)
    expect(all.map(({ target, weaken, runs: each }) => [target, weaken, each.length])).toEqual([
      ['mine', undefined, 1],
      ['reference', 'no-breaker', 1],
      ['reference', undefined, 3],
    ])
    const [newest] = all[2]?.runs ?? []
    expect(newest?.id).toContain('03-03')
    expect(newest && all[2] && runBefore(all[2], newest)?.id).toContain('03-02')
  })

  it('show figures of checks, not of gates', () => {
    const [, , series] = seriesOf(runs)
    expect(series && keyChecks(series, 6).map(({ check }) => check)).toEqual(['pool-bounded'])
  })

  it('draw a mark for each run by its verdict, oldest at the left, and the limit', () => {
    const [, , series] = seriesOf(runs)
    const { text } = trend('pool-bounded', series?.runs ?? [])
    expect(text.match(/class="(?:pass|fail|limit)"/g)).toEqual(['class="limit"', 'class="pass"', 'class="pass"', 'class="fail"'])
    expect(text).toContain('aria-label="oldest to newest: 8 connections (pass), 8 connections (pass), 40 connections (fail)"')
  })
})

describe('the page of all runs', () => {
  it('has a section a series, a row a run, links to each, and two picks', () => {
    const page = listPage(shelf, links)
    expect(page.match(/<h2>/g)).toHaveLength(3)
    expect(page.match(/name="before"/g)).toHaveLength(5)
    expect(page).toContain('href="/run/runaway-loop/2026-03-03/report.html"')
    expect(page).toContain('href="/compare?before=runaway-loop/2026-03-02&amp;after=runaway-loop/2026-03-03"')
  })

  it('can be narrowed, and says when nothing fits', () => {
    expect(listPage(shelf, links, { status: 'fail' }).match(/name="before"/g)).toHaveLength(1)
    expect(listPage(shelf, links, { target: 'mine' })).toContain('1 run shown')
    expect(listPage(shelf, links, { target: 'theirs' })).toContain('There is no run here that fits')
  })

  it('shows what cannot be read', () => {
    const page = listPage({ ...shelf, damaged: [{ id: 'slow/x', problem: 'manifest.json is no JSON' }] }, links)
    expect(page).toContain('1 folder that cannot be read')
    expect(page).toContain('manifest.json is no JSON')
  })

  it('cannot be broken by names', () => {
    const verdicts = exampleVerdicts(
      'fail',
      [exampleVerdict('fail', { title: everything, says: everything, unit: everything })],
      everything,
      everything,
    )
    const evil: RunCard = {
      id: hostile.markup,
      verdicts: { ...verdicts, scenario: everything, target: everything },
      startedAt: everything,
      facts: { [everything]: everything },
      files: ['report.html'],
    }
    const damaged = [{ id: hostile.markup, problem: everything }]
    for (const page of [
      listPage({ folder: hostile.markup, runs: [evil, card(1, 'pass')], damaged, left: 3 }, links),
      comparePage(evil, card(1, 'pass'), links),
    ]) {
      expect(page).not.toMatch(/<script|<img|<\/style><script|onerror=[^&]*>/i)
      expect(page.match(/<style>/g)).toHaveLength(1)
      expect(page).not.toMatch(/href="(?!\/|#)/)
    }
  })
})

describe('two runs side by side', () => {
  it('tells each verdict and figure, by how much it moved, and what else differs', () => {
    const before = card(1, 'pass', { facts: { commit: 'a', 'settings.POOL_CHEAP': '4', cores: '2' } })
    const page = comparePage(before, card(2, 'fail', { facts: { commit: 'b', 'settings.POOL_CHEAP': '8', cores: '2' } }), links)
    expect(page).toContain('1 newly failed (pool-bounded); 1 as before.')
    expect(page).toContain('+32 connections (+400 %)')
    expect(page).toMatch(/settings\.POOL_CHEAP<\/th><td class="words">4<\/td><td class="words">8/)
    expect(page).not.toContain('>cores<')
    expect(page).not.toContain('not like runs')
    expect(comparePage(before, card(2, 'pass', { target: 'mine' }), links)).toContain('not like runs: target reference, now mine')
  })
})
