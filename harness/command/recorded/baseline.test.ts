import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { exampleVerdict, exampleVerdicts } from '../../report/example/verdicts.ts'
import { openerOf } from '../open.ts'
import { readBaseline } from './baseline.ts'

let folder = ''
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'stampede-baseline-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

it("takes a run's folder, or its verdicts.json by any name", async () => {
  const verdicts = exampleVerdicts('pass', [exampleVerdict('pass')], 'held')
  for (const name of ['verdicts.json', 'main.json']) await writeFile(path.join(folder, name), JSON.stringify(verdicts))
  expect(await readBaseline(folder)).toEqual(verdicts)
  expect(await readBaseline(path.join(folder, 'main.json'))).toEqual(verdicts)
})

it.each([
  ['nothing', undefined, 'BASELINE_NOT_FOUND'],
  ['no JSON', '{', 'BASELINE_DAMAGED'],
  ['something else', '{"verdicts":{}}', 'BASELINE_DAMAGED'],
  ['a status that there is not', JSON.stringify(exampleVerdicts('pass', [exampleVerdict('good' as 'pass')], '')), 'BASELINE_DAMAGED'],
])('refuses %s, and says what to give', async (_, text, code) => {
  const file = path.join(folder, 'bad.json')
  await rm(file, { force: true })
  if (text !== undefined) await writeFile(file, text)
  await expect(readBaseline(file)).rejects.toMatchObject({ code })
})

it('opens the report by the program that the machine has for it, without a shell', () => {
  const url = 'file:///tmp/a%20b/report.html'
  expect([openerOf(url, 'linux')[0], openerOf(url, 'darwin')[0], openerOf(url, 'win32')[0]]).toEqual(['xdg-open', 'open', 'rundll32'])
  for (const platform of ['linux', 'darwin', 'win32'] as const) expect(openerOf(url, platform).at(-1)).toContain(url)
})
