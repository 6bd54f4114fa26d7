import { describe, expect, it } from 'vitest'
import { exampleHistory } from './example/history.ts'
import { everything, hostile } from './example/hostile.ts'
import { exampleVerdict, exampleVerdicts } from './example/verdicts.ts'
import { summaryMarkdown } from './markdown.ts'

const history = exampleHistory()

describe('summary.md', () => {
  it('has the verdict, the sentence, a row a check with the fails first, and how to repeat', () => {
    const verdicts = [
      exampleVerdict('pass'),
      exampleVerdict('fail', { says: '3 of 40 keys have two rows', measured: 3, limit: 0, unit: 'keys' }),
    ]
    const text = summaryMarkdown(history, exampleVerdicts('fail', verdicts, '2 of 2 judged, 1 failed', 'no-idempotency'))
    expect(text).toMatch(/^### ✕ Did not hold: runaway-loop against reference\n/)
    expect(text).toContain('**3 of 40 keys have two rows.**')
    expect(text).toContain('weakened on purpose: no-idempotency')
    expect(rows(text)).toHaveLength(4)
    expect(rows(text)[2]).toMatch(/^\| ✕ Fail \| A8 The server keeps to its pool \| 3 keys \| 0 keys \| 3 of 40 keys/)
    expect(text).toContain('Repeat: <code>npm run scenario runaway-loop -- --seed 7</code>')
  })

  it('has the command whole, however long', () => {
    const command = `npm run scenario runaway-loop -- ${'--fault postgres-lock '.repeat(40)}--seed 7`
    const text = summaryMarkdown({ ...history, manifest: { ...history.manifest, command } }, exampleVerdicts('pass', [], ''))
    expect(text).toContain(`Repeat: <code>${command}</code>`)
  })

  it('says why something is unknown, and what to add for what was not judged', () => {
    const text = summaryMarkdown(
      history,
      exampleVerdicts('unknown', [exampleVerdict('unknown'), exampleVerdict('not-judged')], '0 of 2 judged'),
    )
    expect(text).toContain('the halves of the steady phase differ by 9 points')
    expect(text).toContain('add to the target: <code>observe&#58; &#123; postgres&#58;')
  })

  it('cannot be broken by names: no cell, link, image, mention, tag or line of theirs', () => {
    const evil = (['fail', 'unknown', 'not-judged', 'pass'] as const).map((status) =>
      exampleVerdict(status, {
        title: hostile.markdown,
        says: everything,
        because: everything,
        addLine: everything,
        unit: hostile.markdown,
        measured: 1,
        limit: 2,
      }),
    )
    const text = summaryMarkdown(history, exampleVerdicts('fail', evil, hostile.markdown))
    for (const row of rows(text)) expect(row.split('|')).toHaveLength(7)
    expect(rows(text)).toHaveLength(6)
    const foreign = text.replace(/<\/?code>|<br>|\*\*|`/g, (mark) => (mark === '`' ? 'BACKTICK' : ''))
    expect(foreign).not.toMatch(/[<>[\]@\\~]|BACKTICK|:\/\/|www\./)
    expect(foreign).not.toMatch(/(?:&#64;|&#35;)(?!&#8203;)/)
    expect(foreign.match(/#(?!\d+;)/g)).toEqual(['#', '#', '#'])
  })

  it('lists at most sixty checks', () => {
    const many = Array.from({ length: 100 }, (_, i) => exampleVerdict('pass', { code: `A${i}` }))
    expect(rows(summaryMarkdown(history, exampleVerdicts('pass', many, '')))).toHaveLength(62)
  })
})

function rows(text: string): string[] {
  return text.split('\n').filter((line) => line.startsWith('|'))
}
