// Real clients against the server: each calls every tool, reads, pages, follows progress, gives a call up, and is refused in every way
// there is. What each lets its host see of a refusal is docs/clients.md, written from these runs (`npm run clients`).
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ensurePythonMcp } from '../../setup.mjs'
import { type Interop, openInterop, spender } from '../../tests/fixtures/interop.ts'
import { driveClientV2 } from './client-v2.ts'
import { clientsPage, clientViews } from './clients-page.ts'
import type { Plan, Seen } from './plan.ts'
import { driveSdkV1 } from './sdk-v1.ts'

const PAGE = path.join(import.meta.dirname, '../../docs/clients.md')
/** The same as data, for the report. */
const VIEWS = path.join(import.meta.dirname, '../../harness/report/clients.json')
/** Compiled, so it takes a minute: `npm run clients` and the long tests run it. */
const ofGo = JSON.parse(readFileSync(new URL('./go/seen.json', import.meta.url), 'utf8')) as Seen[]
const DRIVE_MS = 60_000
const DRIVERS = ['v2-2026', 'v2-2025', 'v1', 'python-2026', 'python-2025'] as const
type Driver = (typeof DRIVERS)[number]

let interop: Interop
const seen = {} as Record<Driver, Seen>

beforeAll(async () => {
  interop = await openInterop(DRIVERS)
})

afterAll(async () => {
  await interop?.[Symbol.asyncDispose]()
})

async function drivePython(plan: Plan): Promise<Seen> {
  const folder = await ensurePythonMcp()
  const child = spawn('python3', [path.join(import.meta.dirname, 'drive.py')], {
    env: { ...process.env, PYTHONPATH: folder, PYTHONDONTWRITEBYTECODE: '1', PYTHONUNBUFFERED: '1' },
    stdio: ['pipe', 'pipe', 'pipe'],
    signal: AbortSignal.timeout(DRIVE_MS),
  })
  child.stdin.end(JSON.stringify(plan))
  const [[code], said, complained] = await Promise.all([once(child, 'exit'), text(child.stdout), text(child.stderr)])
  if (code !== 0) throw new Error(`the Python client ended with ${String(code)}:\n${complained}`)
  return JSON.parse(said) as Seen
}

const RUNS: Record<Driver, { era: Plan['era']; drive: (plan: Plan) => Promise<Seen> }> = {
  'v2-2026': { era: '2026-07-28', drive: driveClientV2 },
  'v2-2025': { era: '2025-11-25', drive: driveClientV2 },
  v1: { era: '2025-11-25', drive: driveSdkV1 },
  'python-2026': { era: '2026-07-28', drive: drivePython },
  'python-2025': { era: '2025-11-25', drive: drivePython },
}

describe.each(DRIVERS)('%s', (name) => {
  const { era, drive } = RUNS[name]
  let its: Seen

  beforeAll(async () => {
    its = await drive(await interop.planFor(name, era))
    seen[name] = its
  })

  test('speaks the revision it was pinned to, and calls every tool', () => {
    expect(its.era).toBe(era)
    expect(its.tools.length).toBeGreaterThanOrEqual(16)
    expect(Object.entries(its.called).filter(([, how]) => how !== 'ok')).toEqual([])
    expect(Object.keys(its.called).sort()).toEqual(its.tools.toSorted())
  })

  test('reads a resource, gets the prompt, pages, and follows progress', () => {
    expect([its.resources > 0, its.resourceCharacters > 100, its.prompts, its.promptCharacters > 100]).toEqual([true, true, 1, true])
    expect(its.pages).toBeGreaterThan(1)
    expect(its.progress).toBe(12)
  })

  test('gives a call up, and is rid of it at once; the server stops it where the revision says so', async () => {
    expect(its.cancelled).not.toBe('served')
    expect(its.cancelledAfterMs).toBeLessThan(1_500)
    const own = () =>
      interop.main.logged('request').filter(({ agent_id: agent, tool_name: tool }) => agent === name && tool === 'run_query')
    const stopped = () => own().some(({ status, duration_ms: ms }) => status === 'gone' && Number(ms) < 1_500)
    if (era === '2026-07-28') await expect.poll(stopped, { interval: 20, timeout: 3_000 }).toBe(true)
    else expect(stopped()).toBe(false)
  })

  test('is refused in every way, and no refusal looks like an answer', () => {
    const hows = Object.fromEntries(Object.entries(its.refusals).map(([kind, { how }]) => [kind, how]))
    expect(hows).toEqual({
      'too many calls (429)': 'exception',
      'dependency away (503)': 'exception',
      'unknown token (401)': 'exception',
      'missing scope (403)': 'exception',
      'wrong arguments (isError)': 'result',
      'deadline (isError)': 'result',
    })
  })
})

test('no client asks again by itself', () => {
  for (const name of DRIVERS) {
    const refused = interop.strict
      .logged('request')
      .filter(({ agent_id: agent, http_status: status }) => agent === spender(name) && status === 429)
    expect(refused, name).toHaveLength(1)
  }
})

test('docs/clients.md says what these runs saw (npm run clients writes it)', async () => {
  const all = [...Object.values(seen), ...ofGo]
  await expect(clientsPage(all)).toMatchFileSnapshot(PAGE)
  await expect(clientViews(all)).toMatchFileSnapshot(VIEWS)
})
