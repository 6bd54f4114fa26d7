import { appendFileSync, mkdtempSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterAll, afterEach, expect, test } from 'vitest'
import { Units } from '../discover.ts'
import type { FaultDefinition } from '../faults/fault.ts'
import type { Manifest } from '../history/manifest.ts'
import { ToolServer } from '../load/fixtures/tool-server.ts'
import type { Plan } from '../plan/plan.ts'
import { target } from '../target.ts'
import { noteUnseen, withReachedFaults } from './unstarted.ts'

const folder = mkdtempSync(path.join(os.tmpdir(), 'stampede-unstarted-'))
const attemptsFile = path.join(folder, 'links.ndjson')
afterEach(() => rmSync(attemptsFile, { force: true }))
afterAll(() => rmSync(folder, { recursive: true }))

const faults = new Units<FaultDefinition>('fault', [
  { id: 'postgres-refused', path: '', exportName: '', value: { dependency: 'postgres' } as FaultDefinition },
  { id: 'server-frozen', path: '', exportName: '', value: { dependency: 'server' } as FaultDefinition },
])
const planned = ['postgres-refused', 'server-frozen'].map((fault) => ({ fault, parameters: {} }))
const call = { turn: 1, role: 'cheapRead', arguments: { page: 1 }, thinkMs: 0 }
const plan = {
  protocol: '2026-07-28',
  faults: planned,
  roles: { cheapRead: { tool: 'list', needs: ['postgres:lists'] }, write: { tool: 'make', needs: ['postgres'] } },
  agents: [{ tasks: [{ calls: [{ ...call, role: 'write' }, call] }] }],
} as unknown as Plan

const theirs = target({ url: 'x', dependencies: { postgres: { address: 'localhost:5432', port: 15_432 } } })
const links = { postgres: '127.0.0.1:15432' }
const { signal } = new AbortController()

async function withServer(reaches: boolean, waitMs: number) {
  const server = await ToolServer.listen()
  const said: string[] = []
  const options = {
    plan,
    target: theirs,
    faults,
    links,
    attemptsFile,
    url: server.url,
    client: {},
    waitMs,
    say: (text: string) => said.push(text),
    signal,
  }
  if (reaches)
    void server.calls(1).then(() => appendFileSync(attemptsFile, '{"kind":"attempt","atMs":1,"link":"postgres","refused":false}\n'))
  const tried = await withReachedFaults(options)
  await server.close()
  return { faults: tried.faults.map(({ fault }) => fault), said: said.join('\n'), tools: server.heard.map(({ tool }) => tool) }
}

test('a server that goes through the proxy once it is asked keeps its faults; it is asked by a read', async () => {
  const { faults: kept, said, tools } = await withServer(true, 10_000)
  expect(kept).toEqual(['postgres-refused', 'server-frozen'])
  expect(said).toContain('postgres at 127.0.0.1:15432: put that into its environment')
  expect(new Set(tools)).toEqual(new Set(['list']))
})

test('one that goes past it is not broken there, and that is said', async () => {
  const { faults: kept, said } = await withServer(false, 0)
  expect(kept).toEqual(['server-frozen'])
  expect(said).toContain('not seen to reach postgres that way')
})

test('what was never seen is offered no more, with what to do', async () => {
  const manifest = { offers: { 'link:postgres': true }, notes: [] } as unknown as Manifest
  await noteUnseen({ target: theirs, links, attemptsFile }, manifest)
  expect(manifest.offers['link:postgres']).toMatch(/port: 15432.*environment/)
  expect(manifest.notes).toHaveLength(1)

  appendFileSync(attemptsFile, '{"kind":"attempt","atMs":1,"link":"postgres","refused":false}\n{"kind":"att')
  const seen = { offers: { 'link:postgres': true }, notes: [] } as unknown as Manifest
  await noteUnseen({ target: theirs, links, attemptsFile }, seen)
  expect(seen.offers['link:postgres']).toBe(true)
})
