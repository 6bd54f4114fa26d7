// Four generators of one run, damaged in a hundred ways: each time the damage is found and what was done is named.
import { existsSync } from 'node:fs'
import { appendFile, cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { served } from '../../tests/fixtures/histories/answers.ts'
import { aRun, type Story } from '../../tests/fixtures/histories/build.ts'
import type { CheckDefinition } from '../checks/check.ts'
import { judge } from '../checks/judge.ts'
import { discover } from '../discover.ts'
import { assembled } from '../history/assemble.ts'
import { generatorOf } from '../history/bootstrap.ts'
import { type Heard, LoadFile } from '../history/load-file.ts'
import { joinLoads } from '../history/load-files.ts'
import type { LoadLine } from '../history/load-line.ts'
import { buildHistory } from '../history/merge.ts'
import { disordered } from '../history/sequence.ts'
import { mergeFolders } from './merge-folders.ts'
import { mergedText } from './merged-text.ts'

const OF = 4
/** Whole in about a second of a shared core. */
const DAMAGES = 100

function small(): Story {
  const story = aRun().check('bounded-time').check('error-taxonomy')
  for (let n = 1; n <= 8; n++) {
    story.agent(`steady-0${n}`)
    story.calls({ of: `steady-0${n}`, fromMs: 100 + n * 31, toMs: 26_500, everyMs: 2_000, answer: served(20 + n), serverMs: 15 })
  }
  return story
}

let scratch: string
let number = 0

beforeAll(async () => {
  scratch = await mkdtemp(path.join(os.tmpdir(), 'stampede-folders-'))
  await small().writeTo(path.join(scratch, 'whole'))
  await deal(path.join(scratch, 'whole'), path.join(scratch, 'home'), path.join(scratch, 'parts'))
})

afterAll(() => rm(scratch, { recursive: true, force: true }))

/** One generator's file as if four had sent it, in a folder as the collector writes it; the rest of the run beside it. */
async function deal(whole: string, home: string, parts: string): Promise<void> {
  await cp(whole, home, { recursive: true })
  await rm(path.join(home, 'raw/load.ndjson'))
  await mkdir(path.join(parts, 'raw'), { recursive: true })
  const { agents } = JSON.parse(await readFile(path.join(whole, 'plan.json'), 'utf8')) as { agents: { agent: string }[] }
  const place = new Map(agents.map(({ agent }, position) => [agent, position % OF]))
  const lines = (await readFile(path.join(whole, 'raw/load.ndjson'), 'utf8')).trimEnd().split('\n')
  for (let part = 0; part < OF; part++) {
    const own = lines.filter((text) => {
      const line = JSON.parse(text) as LoadLine
      return line.kind === 'start' || place.get(line.agent) === part
    })
    await writeFile(path.join(parts, `raw/load-${part + 1}.ndjson`), own.map((line) => `${line}\n`).join(''))
  }
}

async function merged(parts: string) {
  number++
  const into = path.join(scratch, `merged-${number}`)
  await mergeFolders([path.join(scratch, 'home'), parts], into)
  return await buildHistory(into)
}

test('one generator and four give the same calls and the same verdicts', async () => {
  const one = await buildHistory(path.join(scratch, 'whole'))
  const four = await merged(path.join(scratch, 'parts'))
  expect(four.calls).toEqual(one.calls)
  expect(four.agents).toEqual(one.agents)
  expect(four.manifest.fleet?.map(({ state }) => state)).toEqual(['ended', 'ended', 'ended', 'ended'])
  const checks = await discover<CheckDefinition>('check', path.join(import.meta.dirname, '../checks'))
  expect(judge(four, checks)).toEqual(judge(one, checks))
  const { text, whole } = mergedText(four)
  expect([whole, text]).toEqual([true, expect.stringContaining(`calls      ${one.calls.length} sent`)])
})

describe('damage', () => {
  type Damage = (lines: string[], unit: () => number) => { lines: string[]; named: RegExp } | undefined
  const numbered = (lines: readonly string[], unit: () => number) => 1 + Math.floor(unit() * (lines.length - 1))
  const agentOf = (line: string | undefined) => (JSON.parse(line ?? '{}') as { agent?: string; seq?: number }) ?? {}
  const KINDS: Record<string, Damage> = {
    'a line deleted': (lines, unit) => {
      const at = numbered(lines, unit)
      const { agent, seq } = agentOf(lines[at])
      const last = (JSON.parse(lines[at] ?? '{}') as LoadLine).kind === 'stop'
      const named = last ? new RegExp(`${agent}: no end`) : new RegExp(`${agent}: line ${seq} missing or doubled`)
      return { lines: lines.toSpliced(at, 1), named }
    },
    'a line doubled': (lines, unit) => {
      const at = numbered(lines, unit)
      const { agent, seq } = agentOf(lines[at])
      return { lines: lines.toSpliced(at, 0, lines[at] ?? ''), named: new RegExp(`${agent}: line ${seq} missing or doubled`) }
    },
    'two lines of an agent swapped': (lines, unit) => {
      const at = numbered(lines, unit)
      const { agent } = agentOf(lines[at])
      const other = lines.findIndex((line, position) => position > at && agentOf(line).agent === agent)
      if (other < 0) return undefined
      const swapped = lines.with(at, lines[other] ?? '').with(other, lines[at] ?? '')
      return { lines: swapped, named: new RegExp(`not in the order in which they were written, of 1 agents, first ${agent}`) }
    },
    'a generator killed': (lines, unit) => {
      const at = numbered(lines, unit)
      return { lines: lines.slice(0, at), named: /generator \d of 4 died: \d+ of its \d+ agents have no end/ }
    },
    'a generator that never started': () => ({ lines: [], named: /generator \d of 4 never started: nothing was heard of its \d+ agents/ }),
    'the start lost': (lines) => ({ lines: lines.slice(1), named: /has no start line: when generator \d of 4 began is not known/ }),
    'a pod that ran twice': (lines) => ({ lines: [...lines, ...lines], named: /generator \d of 4 began 2 times/ }),
  }
  const kinds = Object.keys(KINDS)

  test('is found 100 of 100 times, and named', async () => {
    const unit = generatorOf(7)
    const { load: _load, ...raw } = small().raw()
    const { notes: _notes, ...manifest } = raw.manifest
    const whole = await Promise.all(Array.from({ length: OF }, (_, n) => linesOf(path.join(scratch, `parts/raw/load-${n + 1}.ndjson`))))
    const missed: string[] = []
    let tried = 0
    for (let n = 0; tried < DAMAGES; n++) {
      const kind = kinds[n % kinds.length] ?? ''
      const part = Math.floor(unit() * OF)
      const done = KINDS[kind]?.(whole[part] ?? [], unit)
      if (!done) continue
      tried++
      const heard = new Map<string, Heard>()
      const files = whole.map((lines, position) => {
        const texts = position === part ? done.lines : lines
        const file = new LoadFile(`load-${position + 1}.ndjson`, heard)
        for (const text of texts) file.take(JSON.parse(text) as LoadLine)
        return file
      })
      const load = joinLoads(files, raw.plan)
      const { fleet = [], notes } = load
      const history = assembled(load, { ...raw, manifest: { ...manifest, fleet, notes } })
      history.manifest.notes.push(...disordered(history.agents))
      const { text } = mergedText(history)
      if (!done.named.test(text)) missed.push(`${kind}, generator ${part + 1}: ${done.named} not in\n${text}`)
    }
    expect(missed).toEqual([])
  })
})

async function linesOf(file: string): Promise<string[]> {
  return (await readFile(file, 'utf8')).trimEnd().split('\n')
}

test('the same file twice counts once; two that differ are both kept, and doubled lines named', async () => {
  const again = path.join(scratch, 'again')
  await mkdir(path.join(again, 'raw'), { recursive: true })
  await cp(path.join(scratch, 'parts/raw/load-2.ndjson'), path.join(again, 'raw/load-2.ndjson'))
  const folders = [path.join(scratch, 'home'), path.join(scratch, 'parts'), again]
  await mergeFolders(folders, path.join(scratch, 'same'))
  const same = await buildHistory(path.join(scratch, 'same'))
  expect(same.manifest.notes).toEqual([expect.stringContaining('is the same as')])
  await appendFile(path.join(again, 'raw/load-2.ndjson'), `${JSON.stringify({ kind: 'start', atMs: 1 })}\n`)
  await mergeFolders(folders, path.join(scratch, 'differ'))
  const { text, whole } = mergedText(await buildHistory(path.join(scratch, 'differ')))
  expect([whole, text]).toEqual([false, expect.stringMatching(/generator 2 has 2 files that differ[\s\S]*missing or doubled/)])
})

test('what does not belong together is refused, and nothing is written', async () => {
  const into = path.join(scratch, 'refused')
  const refusal = (...folders: string[]) => mergeFolders(folders, into).catch((error: { code: string }) => error.code)
  expect(await refusal(path.join(scratch, 'parts'))).toBe('MERGE_NO_PLAN')
  expect(await refusal(path.join(scratch, 'home'), path.join(scratch, 'nowhere'))).toBe('RUN_NOT_FOUND')
  const other = path.join(scratch, 'other')
  await cp(path.join(scratch, 'home'), other, { recursive: true })
  const manifest = JSON.parse(await readFile(path.join(other, 'manifest.json'), 'utf8'))
  await writeFile(path.join(other, 'manifest.json'), JSON.stringify({ ...manifest, planHash: 'sha256:other' }))
  expect(await refusal(path.join(scratch, 'home'), other)).toBe('MERGE_MISMATCH')
  const strange = path.join(scratch, 'strange')
  await mkdir(path.join(strange, 'raw'), { recursive: true })
  const hello = { kind: 'generator', event: 'hello', atMs: 1, part: 1, of: 4, planHash: 'sha256:other' }
  await writeFile(path.join(strange, 'raw/generators.ndjson'), `${JSON.stringify(hello)}\n`)
  expect(await refusal(path.join(scratch, 'home'), strange)).toBe('MERGE_MISMATCH')
  expect(existsSync(into)).toBe(false)
  expect(await mergeFolders([path.join(scratch, 'home')], path.join(scratch, 'home')).catch((error: { code: string }) => error.code)).toBe(
    'FOLDER_EXISTS',
  )
})
