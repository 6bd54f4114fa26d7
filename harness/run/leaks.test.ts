import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Plan } from '../plan/plan.ts'
import { Leaks } from './leaks.ts'

const [KEY, ADDRESS, CARD] = ['sk_live_0123456789abcdef01234567', 'nufo.0123456789@planted.example', '9900123456789017']
const TOKEN = 'mcp_k0_reference-secret-0000'
const call = (turn: number, memo: string) => ({ turn, role: 'write' as const, arguments: { memo, deep: { list: [memo] } }, thinkMs: 0 })
const plan = {
  agents: [{ agent: 'steady-01', tasks: [{ task: 't1', atMs: 0, calls: [call(1, KEY), call(2, `to ${ADDRESS}`)] }] }],
} as unknown as Plan

let folder: { path: string; raw: string; logs: string }
beforeEach(() => {
  const at = mkdtempSync(path.join(os.tmpdir(), 'stampede-leaks-test-'))
  folder = { path: at, raw: path.join(at, 'raw'), logs: path.join(at, 'logs') }
  for (const name of [folder.raw, folder.logs]) mkdirSync(name)
  writeFileSync(path.join(at, 'plan.json'), JSON.stringify(plan))
})
afterEach(() => rmSync(folder.path, { recursive: true }))

const write = (name: string, text: string) => writeFileSync(path.join(folder.path, name), text)
const lines = () =>
  readFileSync(path.join(folder.raw, 'leaks.ndjson'), 'utf8')
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line))
const send = (turn: number, id: string) => JSON.stringify({ kind: 'send', call: id, agent: 'steady-01', task: 't1', turn, role: 'write' })

test('what was planted is found in logs, with its line and its call; the plan itself is no leak', async () => {
  write('raw/load.ndjson', `${send(1, 'st-1-1')}\n${send(2, 'st-1-2')}\n`)
  write('raw/server-1.log', `{"started":true}\n{"arguments":{"memo":"${KEY}"}}\nagain ${KEY}\n`)
  write('logs/k6.log', 'nothing')
  expect(await new Leaks(plan).record(folder)).toEqual({ secrets: 2, tokens: 0, files: 3, found: 1 })
  expect(lines()).toEqual([{ kind: 'leak', where: 'server-1.log:2', secret: KEY, call: 'st-1-1' }])
})

test('in the spans’ bodies and in errors too; what nobody planted is none', async () => {
  const leaks = new Leaks(plan)
  leaks.look(`{"stringValue":"select '${ADDRESS.replace('@', '%40')}'"}`, 'spans')
  write('raw/load.ndjson', `${send(1, 'st-1-1')}\n{"kind":"end","message":"no such memo: ${KEY}"}\n`)
  write('raw/server-1.log', `a card of somebody else: ${CARD}\n`)
  await leaks.record(folder)
  expect(lines().map(({ where }) => where)).toEqual(['spans', 'load.ndjson:2'])
})

test('a tool may give back what it was told; a token it may not', async () => {
  const leaks = new Leaks(plan)
  leaks.know('steady-01', { authorization: `Bearer ${TOKEN}` })
  const fine = (message: string) => JSON.stringify({ kind: 'end', call: 'st-1-1', status: 200, isError: false, message })
  write('raw/load.ndjson', `${send(1, 'st-1-1')}\n${fine(`wrote ${KEY}`)}\n${fine(`you are ${TOKEN}`)}\n`)
  expect(await leaks.record(folder)).toMatchObject({ found: 1 })
  expect(lines()).toEqual([{ kind: 'leak', where: 'load.ndjson:3', secret: 'the authorization of steady-01' }])
})

test('tokens are named by whose they are, in every file of the folder', async () => {
  const leaks = new Leaks(plan)
  leaks.know('steady-01', { authorization: `Bearer ${TOKEN}`, 'x-client': 'a-long-name-of-a-client' })
  write('raw/server-1.log', `refused Bearer ${TOKEN}: unknown\nfrom a-long-name-of-a-client\n`)
  write('manifest.json', JSON.stringify({ command: `curl -H "authorization: Bearer ${TOKEN}"` }))
  expect(await leaks.record(folder)).toMatchObject({ tokens: 1, found: 2 })
  expect(
    lines()
      .map(({ where }) => where)
      .sort(),
  ).toEqual(['manifest.json:1', 'server-1.log:1'])
  expect(readFileSync(path.join(folder.raw, 'leaks.ndjson'), 'utf8')).not.toContain(TOKEN)
})

test('a line without an end is looked at in pieces, and nothing falls between two', async () => {
  const [before, after] = ['x'.repeat(1_048_560), 'y'.repeat(2_000_000)]
  write('raw/server-1.log', `${before} ${KEY} ${after}`)
  expect(await new Leaks(plan).record(folder)).toMatchObject({ found: 1 })
})

test('of a log that was there before, only what the run added', async () => {
  const log = path.join(folder.path, 'own.txt')
  writeFileSync(log, `${KEY}\n${ADDRESS}\n`)
  const leaks = new Leaks(plan)
  await leaks.lookInto(log, KEY.length + 1)
  rmSync(log)
  await leaks.record(folder)
  expect(lines()).toMatchObject([{ secret: ADDRESS }])
})

test('findings have a bound, their number has none', async () => {
  const many = Array.from({ length: 1_500 }, (_, n) => `sk_live_${n.toString(16).padStart(24, '0')}`)
  const calls = many.map((memo, n) => call(n, memo))
  const leaks = new Leaks({ agents: [{ agent: 'a', tasks: [{ task: 't1', atMs: 0, calls }] }] } as unknown as Plan)
  write('raw/server-1.log', many.join('\n'))
  expect(await leaks.record(folder)).toMatchObject({ found: 1_500 })
  expect(lines()).toHaveLength(1_000)
})
