// Verdicts as JUnit XML, the one format that every CI shows: a check is a test case; fail = failure, unknown = error,
// not-judged = skipped. Names come from outside: text is made plain, so no character is left that XML 1.0 forbids.
// Sources: the Jenkins JUnit schema (xunit-plugin, junit-10.xsd); GitLab, which shows the text of a failure
// and not its message, so that the text says all. Not given: times, which the verdicts do not hold.
import type { Status, Verdict, Verdicts } from '../checks/check.ts'
import { escaped } from './markup.ts'
import { plain } from './plain.ts'
import { against, marginWords, ordered, reason } from './words.ts'

export function junitXml({ scenario, target, seed, scale, run, verdicts }: Verdicts): string {
  const of = (status: Status) => verdicts.filter((verdict) => verdict.status === status).length
  const counts = `tests="${verdicts.length}" failures="${of('fail')}" errors="${of('unknown')}"`
  const properties = Object.entries({ run, target, seed, scale }).map(
    ([name, value]) => `      <property name="${name}" value="${text(value)}"/>`,
  )
  return `${[
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites name="stampede" ${counts}>`,
    `  <testsuite name="${text(scenario)}" ${counts} skipped="${of('not-judged')}">`,
    '    <properties>',
    ...properties,
    '    </properties>',
    ...ordered(verdicts).map((verdict) => testCase(verdict, scenario)),
    '  </testsuite>',
    '</testsuites>',
  ].join('\n')}\n`
}

function testCase(verdict: Verdict, scenario: string): string {
  const open = `    <testcase classname="${text(scenario)}" name="${text(`${verdict.code} ${verdict.title}`)}"`
  const body = (lines: (string | undefined)[]) => text(lines.filter(Boolean).join('; '), 2_000)
  if (verdict.status === 'fail') {
    const { remedy, witnesses, exhibits } = verdict
    const shown = witnesses.slice(0, 20).join(', ')
    const lines = [
      verdict.says,
      against(verdict),
      marginWords(verdict),
      `do: ${remedy.do}`,
      shown && `witnesses: ${shown}`,
      ...exhibits.slice(0, 5),
    ]
    return `${open}>\n      <failure type="${text(verdict.check)}" message="${text(verdict.says)}">${body(lines)}</failure>\n    </testcase>`
  }
  const because = reason(verdict)
  if (verdict.status === 'unknown') {
    return `${open}>\n      <error type="unknown" message="${text(because)}">${body([because, against(verdict), verdict.says === because ? undefined : verdict.says])}</error>\n    </testcase>`
  }
  if (verdict.status === 'not-judged') {
    const lacking = text([because, verdict.addLine && `add to the target: ${verdict.addLine}`].filter(Boolean).join('; '))
    return `${open}>\n      <skipped message="${lacking}">${lacking}</skipped>\n    </testcase>`
  }
  return `${open}/>`
}

function text(value: unknown, longest = 500): string {
  return escaped(plain(value, longest))
}
