import { stripVTControlCharacters } from 'node:util'
import { describe, expect, it } from 'vitest'
import { everything, hostile } from './example/hostile.ts'
import { exampleVerdict, exampleVerdicts } from './example/verdicts.ts'
import { endScreen } from './terminal.ts'

const columns = (text: string) => [...stripVTControlCharacters(text)].length

describe('the end screen', () => {
  const fail = exampleVerdict('fail', {
    code: 'A14',
    title: 'One runaway agent starves nobody',
    says: 'Only 58 % of the others’ calls were good',
    measured: 0.58,
    limit: 0.95,
    unit: 'of 1',
    remedy: { control: 'admission', do: 'Give each agent a budget of its own.' },
    advice: [{ setting: 'AGENT_RATE_PER_MINUTE', present: 'off', suggested: '120' }],
  })
  const all = [exampleVerdict('pass'), exampleVerdict('not-judged'), exampleVerdict('unknown'), fail]
  const options = { folder: 'reports/runaway-loop/latest', command: 'npm run scenario runaway-loop -- --seed 7', colour: false, width: 100 }
  const screen = endScreen(exampleVerdicts('fail', all, '3 of 4 judged, 1 failed'), options)

  it('tells the verdict, one line a check with the fails first, where the report lies and how to repeat it', () => {
    expect(screen).toContain('✕ Did not hold  runaway-loop against reference · quick · seed 7')
    expect(screen).toContain('3 of 4 judged, 1 failed, 1 unknown; 1 not judged')
    expect(screen.match(/^. (?:Fail|Unknown|Not judged|Pass)\b/gmu)).toEqual(['✕ Fail', '? Unknown', '– Not judged', '✓ Pass'])
    expect(screen).toContain('58 %, limit 95 %')
    expect(screen).toContain('Report  reports/runaway-loop/latest/report.html')
    expect(screen).toContain('Repeat  npm run scenario runaway-loop -- --seed 7')
    const command = `npm run scenario runaway-loop -- ${'--fault postgres-lock '.repeat(40)}--seed 7`
    expect(endScreen(exampleVerdicts('pass', all, ''), { ...options, command })).toContain(`Repeat  ${command}\n`)
  })

  it('says what to do for a fail, why for an unknown, and which line to add for what was not judged', () => {
    expect(screen).toContain('do   Give each agent a budget of its own.')
    expect(screen).toContain('set  AGENT_RATE_PER_MINUTE off → 120')
    expect(screen).toContain('the halves of the steady phase differ by 9 points')
    expect(screen).toContain("add  observe: { postgres: { role: 'app' } }")
  })

  it('says what an essential check without anything to look at may mean', () => {
    const hollow = { because: 'essential, but not exercised: no call was refused', notExercised: true } as const
    const text = (more: object) => endScreen(exampleVerdicts('unknown', [exampleVerdict('unknown', more)], ''), options)
    expect(text(hollow)).toContain('do   nothing, if that is as the server is meant to be: --unknown warn')
    expect(text({ ...hollow, because: 'load-offered does not hold' })).not.toContain('--unknown warn')
  })

  it('gives what held one line, its title cut before its figures', () => {
    const held = Array.from({ length: 20 }, () =>
      exampleVerdict('pass', { title: 'Connections to the database stay within what was declared, at all times' }),
    )
    const lines = endScreen(exampleVerdicts('pass', held, 'all held'), { ...options, width: 80 }).split('\n')
    expect(lines.filter((line) => /^✓ Pass .*… {2}8 connections, limit 8 connections$/.test(line))).toHaveLength(20)
    expect(lines.length).toBeLessThanOrEqual(28)
  })

  it('tells one line to add for all checks that lack it', () => {
    const blind = ['A8', 'A9', 'A10'].map((code) => exampleVerdict('not-judged', { code }))
    const text = endScreen(exampleVerdicts('pass', [exampleVerdict('pass'), ...blind], 'held'), options)
    expect(text.match(/^– Not judged/gm)).toHaveLength(3)
    expect(text.match(/add {2}observe/g)).toHaveLength(1)
  })

  it('says what has changed since the baseline, and how to have a fail explained', () => {
    const baseline = exampleVerdicts('pass', [exampleVerdict('pass')], 'held')
    const text = endScreen(exampleVerdicts('fail', [exampleVerdict('fail')], 'failed'), { ...options, baseline })
    expect(text).toContain('Since   1 newly failed (pool-bounded)')
    expect(text).toContain('Mend    npm run explain reports/runaway-loop/latest')
  })

  it('names the weakness', () => {
    expect(endScreen(exampleVerdicts('fail', all, '', 'no-agent-limit'), options)).toContain('weakened: no-agent-limit')
  })

  it.each([40, 72, 100])('keeps to %d columns, with or without colour', (width) => {
    const plain = endScreen(exampleVerdicts('fail', all, '3 of 4 judged, 1 failed'), { ...options, width })
    const coloured = endScreen(exampleVerdicts('fail', all, '3 of 4 judged, 1 failed'), { ...options, width, colour: true })
    expect(coloured).toContain('\u001b[')
    expect(stripVTControlCharacters(coloured)).toBe(plain)
    // The folder and the command are for copying: they are never broken.
    const lines = plain.split('\n').filter((line) => !/^(?:Report|Repeat|Mend)/.test(line))
    expect(Math.max(...lines.map(columns))).toBeLessThanOrEqual(width)
  })

  it('cannot be repainted or flooded by names', () => {
    const evil = ['fail', 'unknown', 'not-judged', 'pass'].map((status) =>
      exampleVerdict(status as 'fail', {
        title: everything,
        says: hostile.terminal + hostile.megabyte,
        because: everything,
        addLine: hostile.bidi,
      }),
    )
    const text = endScreen(exampleVerdicts('fail', evil, everything), options)
    expect(text.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Zl}\p{Zp}]|(?![\u200c\u200d])\p{Cf}/u)
    expect(text.split('\n').length).toBeLessThan(80)
  })
})
