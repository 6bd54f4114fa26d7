import { describe, expect, it } from 'vitest'
import { all as elements, junitFlaws, parsedXml } from '../../tests/fixtures/junit-schema.ts'
import { everything } from './example/hostile.ts'
import { exampleVerdict, exampleVerdicts } from './example/verdicts.ts'
import { junitXml } from './junit.ts'

describe('junit.xml', () => {
  const all = [
    exampleVerdict('pass', { code: 'A1' }),
    exampleVerdict('not-judged', { code: 'A2' }),
    exampleVerdict('unknown', { code: 'A3' }),
    exampleVerdict('fail', { code: 'A4', says: '3 rows twice', witnesses: [4, 9] }),
  ]
  const xml = junitXml(exampleVerdicts('fail', all, ''))

  it('has a test case a check: fail = failure, unknown = error, not-judged = skipped', () => {
    const cases = elements(parsedXml(xml), 'testcase')
    expect(cases.map(({ children }) => children.map(({ name }) => name))).toEqual([['failure'], ['error'], ['skipped'], []])
    expect(xml).toContain('<testsuite name="runaway-loop" tests="4" failures="1" errors="1" skipped="1">')
  })

  it("is valid against the schema of Jenkins, and by GitLab's rules", () => {
    expect(junitFlaws(xml)).toEqual([])
    const wrong = xml
      .replace('<testsuites ', '<testsuites skipped="1" ')
      .replace('tests="4" failures="1" errors="1" skipped', 'tests="5" failures="1" errors="1" skipped')
    expect(junitFlaws(wrong)).toEqual(['<testsuites> may not have skipped', 'tests says 5, there are 4'])
  })

  it('says what was found, what to do, and which calls show it', () => {
    expect(xml).toContain('message="3 rows twice">3 rows twice; 8 connections, limit 8 connections; at the limit; do: ')
    expect(xml).toContain('do: One pool a process, sized once.; witnesses: 4, 9</failure>')
    expect(xml).toContain('add to the target: observe: { postgres: { role: &#39;app&#39; } }')
  })

  it('stays well-formed whatever a server sends', () => {
    const evil = (['fail', 'unknown', 'not-judged', 'pass'] as const).map((status, n) =>
      exampleVerdict(status, {
        code: `A${n}`,
        title: everything,
        says: everything,
        because: everything,
        addLine: everything,
        exhibits: [everything],
        unit: everything,
      }),
    )
    const hostileXml = junitXml({ ...exampleVerdicts('fail', evil, everything), target: everything })
    expect(junitFlaws(hostileXml)).toEqual([])
    expect(elements(parsedXml(hostileXml), 'testcase')).toHaveLength(4)
  })
})
