// summary.md: the run on half a screen, for a job summary or a pull-request comment (GitHub Flavored Markdown).
// Every value is written with its punctuation as entities, which Markdown never reads as structure: a name cannot end a
// table cell, start a link, call a person (@name) or an issue (#1), or put HTML on the page.
// Source: CommonMark 0.31 §2.5. Lengths are bounded; at most 60 checks are listed, fails first.
import type { Verdict, Verdicts } from '../checks/check.ts'
import type { History } from '../history/history.ts'
import { type Difference, differencesOf, differenceWords, figuresOf, unlike } from './difference.ts'
import { figure, limitFigure, number } from './figures.ts'
import { COMMAND_LONGEST, plain } from './plain.ts'
import { conclusion, labels, ordered, reason, sentence, symbols, tally } from './words.ts'

const mostChecks = 60

/** @param baseline an earlier run's verdicts: what differs is told below the table */
export function summaryMarkdown({ manifest, calls }: History, verdicts: Verdicts, baseline?: Verdicts): string {
  const { status, scenario, target, scale, seed, weaken } = verdicts
  const rows = ordered(verdicts.verdicts).slice(0, mostChecks)
  const weakened = weaken === undefined ? '' : ` · weakened on purpose: ${safe(weaken)}`
  return `${[
    `### ${symbols[status]} ${conclusion(status)}: ${safe(scenario)} against ${safe(target)}`,
    '',
    `**${safe(sentence(verdicts), 600)}**`,
    '',
    `${safe(tally(verdicts))} · ${number(calls.length)} calls · ${safe(scale)} · seed ${safe(seed)}${weakened}`,
    '',
    '| | check | measured | limit | |',
    '| --- | --- | ---: | ---: | --- |',
    ...rows.map(row),
    '',
    ...(baseline ? sinceBaseline(baseline, verdicts) : []),
    `Repeat: <code>${safe(manifest.command, COMMAND_LONGEST)}</code>`,
  ].join('\n')}\n`
}

function row(verdict: Verdict): string {
  const { status, code, title, measured, limit, unit } = verdict
  const cells = [
    `${symbols[status]} ${labels[status]}`,
    `${safe(code)} ${safe(title)}`,
    measured === undefined ? '' : safe(figure(measured, unit)),
    limit === undefined ? '' : safe(limitFigure(limit, unit)),
    told(verdict),
  ]
  return `| ${cells.join(' | ')} |`
}

function told(verdict: Verdict): string {
  if (verdict.status === 'fail') return `${safe(verdict.says)}<br>${safe(verdict.remedy.do)}`
  if (verdict.status === 'pass') return verdict.notExercised ? 'nothing to look at' : ''
  const line = verdict.addLine === undefined ? '' : `<br>add to the target: <code>${safe(verdict.addLine)}</code>`
  return `${safe(reason(verdict) ?? '')}${line}`
}

function sinceBaseline(before: Verdicts, after: Verdicts): string[] {
  const differences = differencesOf(before, after)
  const apart = unlike(before, after)
  const moved = differences.filter((one) => one.kind !== 'same' || figuresOf(one)?.before !== figuresOf(one)?.after).slice(0, mostChecks)
  const status = (verdict: Verdict | undefined) => (verdict ? `${symbols[verdict.status]} ${labels[verdict.status]}` : 'none')
  const cells = (one: Difference) => {
    const figures = figuresOf(one)
    return [
      `${safe(one.code)} ${safe(one.title)}`,
      status(one.before),
      status(one.after),
      safe(figures?.before ?? ''),
      safe(figures?.after ?? ''),
    ]
  }
  return [
    `**Against the baseline** (${symbols[before.status]} ${conclusion(before.status)}, run <code>${safe(before.run)}</code>): ${safe(differenceWords(differences), 600)}.`,
    ...(apart.length > 0 ? ['', `Not a like run: ${safe(apart.join('; '))}.`] : []),
    '',
    ...(moved.length > 0
      ? [
          '| check | was | is | measured then | now |',
          '| --- | --- | --- | ---: | ---: |',
          ...moved.map((one) => `| ${cells(one).join(' | ')} |`),
          '',
        ]
      : []),
  ]
}

/** Letters, digits, spaces and the punctuation of plain sentences stay; all else becomes an entity. */
function safe(value: unknown, longest = 300): string {
  return plain(value, longest)
    .replace(/[!-/:-@[-`{-~]/g, (mark) => (/[.,;%'"()?!-]/.test(mark) ? mark : `&#${mark.charCodeAt(0)};`))
    .replace(/&#(?:64|35);/g, '$&&#8203;')
    .replace(/www\./gi, (start) => `${start.slice(0, -1)}&#46;`)
}
