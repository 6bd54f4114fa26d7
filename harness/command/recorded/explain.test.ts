import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { exampleHistory } from '../../report/example/history.ts'
import { exampleVerdict, exampleVerdicts } from '../../report/example/verdicts.ts'
import { gatherFindings } from '../../report/findings/gather.ts'
import { explanation, parseExplain } from './explain.ts'

let reports = ''
beforeAll(async () => {
  reports = await mkdtemp(path.join(tmpdir(), 'stampede-explain-'))
  await mkdir(path.join(reports, 'runaway-loop', 'latest'), { recursive: true })
  await writeFile(path.join(reports, 'runaway-loop', 'latest', 'manifest.json'), '{}')
})
afterAll(() => rm(reports, { recursive: true, force: true }))

it("takes a run's folder, or a scenario's name for its newest run", () => {
  const folder = path.join(reports, 'runaway-loop', 'latest')
  expect(parseExplain([folder, '--json'])).toEqual({ folder, json: true })
  expect(parseExplain(['runaway-loop', '--reports', reports])).toEqual({ folder, json: false })
  // What is no run is left to those who read it, who say so.
  expect(parseExplain(['slow-postgres', '--reports', reports]).folder).toBe('slow-postgres')
})

it.each([[[]], [['a', 'b']], [['a', '--jsn']]])('refuses %j', (words) => {
  expect(() => parseExplain(words)).toThrow(expect.objectContaining({ code: 'BAD_OPTION' }))
})

it.each([true, false])('prints no planted secret (as data: %s)', async (json) => {
  const verdict = { ...exampleVerdict('fail'), says: 'the log has sk_live_0123456789abcdef01234567' }
  const findings = await gatherFindings(reports, exampleHistory(), exampleVerdicts('fail', [verdict], verdict.says))
  const text = explanation(findings, json)
  expect(text).toContain('[planted secret]')
  expect(text).not.toContain('sk_live_0')
})
