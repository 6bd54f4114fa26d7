import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { expect, it, vi } from 'vitest'
import { exampleHistory } from './example/history.ts'
import { exampleVerdict, exampleVerdicts } from './example/verdicts.ts'
import { writeReport } from './report.ts'

// Drawing is nothing but computing: on a busy machine it takes as long as it takes.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 })

it('writes page, XML and summary into the folder, the same bytes each time', async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'stampede-report-'))
  try {
    const verdicts = exampleVerdicts('pass', [exampleVerdict('pass')], '1 of 1 judged, all held')
    await writeReport(folder, exampleHistory(), verdicts)
    const names = (await readdir(folder)).sort()
    expect(names).toEqual(['findings.md', 'junit.xml', 'report.html', 'summary.md'])
    const first = await Promise.all(names.map((name) => readFile(path.join(folder, name), 'utf8')))
    expect(first[2]).toContain('id="chart-calls"')
    await writeReport(folder, exampleHistory(), verdicts)
    expect(await Promise.all(names.map((name) => readFile(path.join(folder, name), 'utf8')))).toEqual(first)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
})

it('a planted secret stands in none of them, whatever is quoted', async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'stampede-report-'))
  try {
    const verdict = { ...exampleVerdict('fail'), says: 'the log has sk_live_0123456789abcdef01234567', exhibits: ['9900123456789017'] }
    await writeReport(folder, exampleHistory(), exampleVerdicts('fail', [verdict], verdict.says))
    for (const name of await readdir(folder)) {
      const text = await readFile(path.join(folder, name), 'utf8')
      expect(text, name).not.toMatch(/sk_live_[0-9a-f]{24}|9900123456789017/)
      if (name !== 'summary.md') expect(text, name).toContain('[planted secret]')
    }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
})

it('says so when the folder cannot be written', async () => {
  await expect(writeReport('/nowhere/at/all', exampleHistory(), exampleVerdicts('pass', [], ''))).rejects.toMatchObject({ code: 'ENOENT' })
})
