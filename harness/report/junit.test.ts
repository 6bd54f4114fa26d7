import { describe, expect, it } from 'vitest'
import { everything } from './example/hostile.ts'
import { exampleVerdict, exampleVerdicts } from './example/verdicts.ts'
import { junitXml } from './junit.ts'

/** The elements in document order; throws on anything that is not well-formed. */
function elements(xml: string): string[] {
  const open: string[] = []
  const seen: string[] = []
  const rest = xml
    .replace(/^<\?xml[^?]*\?>/, '')
    .replace(/<(\/?)([a-z]+)((?: [a-z]+="[^"<>]*")*)(\/?)>/g, (_, end: string, name: string, __, empty: string) => {
      if (end && open.pop() !== name) throw new Error(`${name} was not open`)
      if (!end) seen.push(name)
      if (!end && !empty) open.push(name)
      return ''
    })
  if (/[<>]/.test(rest) || open.length > 0) throw new Error(`not well-formed: ${rest.trim()}`)
  if (/&(?!(?:amp|lt|gt|quot|#39);)/.test(xml)) throw new Error('a bare &')
  return seen
}

describe('junit.xml', () => {
  const all = [
    exampleVerdict('pass'),
    exampleVerdict('not-judged'),
    exampleVerdict('unknown'),
    exampleVerdict('fail', { says: '3 rows twice', witnesses: [4, 9] }),
  ]
  const xml = junitXml(exampleVerdicts('fail', all, ''))

  it('has a test case a check: fail = failure, unknown = error, not-judged = skipped', () => {
    expect(elements(xml).filter((name) => !/propert|suite/.test(name))).toEqual([
      'testcase',
      'failure',
      'testcase',
      'error',
      'testcase',
      'skipped',
      'testcase',
    ])
    expect(xml).toContain('<testsuites name="stampede" tests="4" failures="1" errors="1" skipped="1">')
  })

  it('says what was found, what to do, and which calls show it', () => {
    expect(xml).toContain('message="3 rows twice"')
    expect(xml).toContain('do: One pool a process, sized once.; witnesses: 4, 9')
    expect(xml).toContain('add to the target: observe: { postgres: { role: &#39;app&#39; } }')
  })

  it('stays well-formed whatever a server sends', () => {
    const evil = (['fail', 'unknown', 'not-judged', 'pass'] as const).map((status) =>
      exampleVerdict(status, {
        title: everything,
        says: everything,
        because: everything,
        addLine: everything,
        exhibits: [everything],
        unit: everything,
      }),
    )
    const hostileXml = junitXml({ ...exampleVerdicts('fail', evil, everything), target: everything })
    expect(elements(hostileXml).filter((name) => name === 'testcase')).toHaveLength(4)
    // biome-ignore lint/suspicious/noControlCharactersInRegex: the characters that XML 1.0 forbids
    expect(hostileXml).not.toMatch(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ud800-\udfff\ufffe\uffff]/u)
  })
})
