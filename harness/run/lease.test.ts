import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { Lease, sweep } from './lease.ts'
import { isAlive } from './process-table.ts'

let parent: string
const children: ChildProcess[] = []

beforeEach(() => {
  parent = mkdtempSync(path.join(os.tmpdir(), 'stampede-lease-test-'))
})

afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL')
  rmSync(parent, { recursive: true, force: true })
})

async function sleeper(run: string): Promise<number> {
  const child = spawn('sleep', ['60'], { env: { ...process.env, STAMPEDE_RUN: run }, detached: true, stdio: 'ignore' })
  children.push(child)
  await once(child, 'spawn')
  return child.pid as number
}

/** As if the harness had been killed: its pid is one that has ended. */
async function orphan(run: string): Promise<void> {
  const gone = spawn('true', { stdio: 'ignore' })
  await once(gone, 'exit')
  const file = path.join(parent, `${run}.json`)
  const content = JSON.parse(readFileSync(file, 'utf8'))
  writeFileSync(file, JSON.stringify({ ...content, harness: { ...content.harness, pid: gone.pid } }))
}

test('the next start ends what a killed run left, registered or not, and says so', async () => {
  const lease = new Lease('st-left', parent)
  const registered = await sleeper('st-left')
  lease.process(registered, 'sleeper')
  const unregistered = await sleeper('st-left')
  const stranger = await sleeper('st-other')
  await orphan('st-left')

  const said = await sweep(parent)

  expect(said).toEqual(['cleaned up after run st-left, which was killed: ended 2 processes, removed its folder'])
  expect([registered, unregistered].map(isAlive)).toEqual([false, false])
  expect(isAlive(stranger)).toBe(true)
  expect(readdirSync(parent)).toEqual([])
})

test('a run whose harness lives is left alone', async () => {
  const lease = new Lease('st-alive', parent)
  const child = await sleeper('st-alive')
  lease.process(child, 'sleeper')

  expect(await sweep(parent)).toEqual([])

  expect(isAlive(child)).toBe(true)
  expect(existsSync(lease.folder)).toBe(true)
})

test('a pid that was given to another process is not touched', async () => {
  const lease = new Lease('st-reused', parent)
  const child = await sleeper('another-run')
  lease.process(child, 'sleeper')
  const file = path.join(parent, 'st-reused.json')
  writeFileSync(file, readFileSync(file, 'utf8').replace(/("name":"sleeper","started":")\d+/, '$11'))
  await orphan('st-reused')

  await sweep(parent)

  expect(isAlive(child)).toBe(true)
})

test('a normal end leaves no process, folder or lease', async () => {
  let child: number
  {
    await using lease = new Lease('st-normal', parent)
    child = await sleeper('st-normal')
    lease.process(child, 'sleeper')
  }
  expect(isAlive(child)).toBe(false)
  expect(readdirSync(parent)).toEqual([])
})

test('a lease file that was cut off still leads to what the run left', async () => {
  const left = await sleeper('st-cut')
  writeFileSync(path.join(parent, 'st-cut.json'), '{"run":"st-c')

  expect(await sweep(parent)).toEqual(['cleaned up after run st-cut, which was killed: ended 1 process, removed its folder'])

  expect(isAlive(left)).toBe(false)
  expect(readdirSync(parent)).toEqual([])
})
