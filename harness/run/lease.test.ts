import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  chmodSync,
  closeSync,
  existsSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
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

test('a Postgres that initdb had begun may end by itself, and so takes its shared memory with it', async () => {
  new Lease('st-initdb', parent)
  const [postgres, ended] = ['postgres', 'ended'].map((name) => path.join(parent, name)) as [string, string]
  symlinkSync('/bin/sh', postgres)
  // Like initdb, the sleeper is what the other reads from: its death is the end of the input.
  const script = `sleep 60 | ${postgres} -c 'echo up >&2; read -r line; echo > ${ended}'`
  const child = spawn('sh', ['-c', script], { env: { ...process.env, STAMPEDE_RUN: 'st-initdb' }, stdio: ['ignore', 'ignore', 'pipe'] })
  children.push(child)
  await once(child.stderr, 'data')
  await orphan('st-initdb')

  await sweep(parent)

  expect(existsSync(ended)).toBe(true)
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

test('a lease that is none still leads to what the run left', async () => {
  for (const text of ['null', '{}', '[]']) {
    writeFileSync(path.join(parent, 'st-none.json'), text)
    expect(await sweep(parent), text).toEqual(['cleaned up after run st-none, which was killed: ended 0 processes, removed its folder'])
  }
  expect(readdirSync(parent)).toEqual([])
})

test('nothing is done that somebody else may have written down', async () => {
  const harmed = path.join(parent, 'harmed')
  const fault = { number: 1, remedies: [{ do: 'command', command: `echo > ${harmed}`, cwd: parent }] }
  const planted = { run: 'st-planted', harness: { pid: 0, name: 'harness' }, folder: '/nowhere', processes: [], faults: [fault] }
  const write = () => writeFileSync(path.join(parent, 'st-planted.json'), JSON.stringify(planted))
  write()
  chmodSync(parent, 0o777)
  await expect(sweep(parent)).rejects.toMatchObject({ code: 'LEASES_NOT_OURS' })
  expect(() => new Lease('st-mine', parent)).toThrow(/can be written by others/)
  chmodSync(parent, 0o700)
  const link = `${parent}-link`
  symlinkSync(parent, link)
  await expect(sweep(link)).rejects.toMatchObject({ code: 'LEASES_NOT_OURS' })
  rmSync(link)
  expect(existsSync(harmed)).toBe(false)
  await sweep(parent)
  expect(existsSync(harmed), 'the same lease in a folder of our own is carried out').toBe(true)
})

test('containers are not forgotten because their engine was silent at the end', async () => {
  const file = path.join(parent, 'st-engine.json')
  {
    await using lease = new Lease('st-engine', parent)
    lease.engine(`unix://${path.join(parent, 'docker.sock')}`)
  }
  expect(existsSync(file)).toBe(true)
  await orphan('st-engine')
  for (const time of ['first', 'second']) {
    const [before, reader] = [readFileSync(file, 'utf8'), openSync(file, 'r')]
    const said = await sweep(parent)
    expect(readFileSync(reader, 'utf8'), 'another start that is reading it reads it whole').toBe(before)
    closeSync(reader)
    expect(said.join(' '), time).toMatch(
      /containers of run st-engine may be left.*docker -H .* rm -f.*or forget them: rm .*st-engine\.json/,
    )
    expect(existsSync(file), time).toBe(true)
  }
})

test('a first lease that never got its name is removed, unless somebody is still writing it', async () => {
  const part = (run: string) => path.join(parent, `${run}.json.part`)
  for (const run of ['st-dead', 'st-writing']) new Lease(run, parent)
  await orphan('st-dead')
  for (const run of ['st-dead', 'st-writing']) renameSync(path.join(parent, `${run}.json`), part(run))
  for (const run of ['st-half', 'st-old-half']) writeFileSync(part(run), '{"run":"st-h')
  utimesSync(part('st-old-half'), 0, 0)

  expect(await sweep(parent)).toEqual([])

  expect(readdirSync(parent).filter((name) => name.endsWith('.part'))).toEqual(['st-half.json.part', 'st-writing.json.part'])
})

test('a fault is remembered before it is done, and crossed out once it is healed', async () => {
  await using lease = new Lease('st-fault', parent)
  const onDisk = () => JSON.parse(readFileSync(path.join(parent, 'st-fault.json'), 'utf8')).faults
  const pid = await sleeper('st-other')
  const forget = lease.remember([{ do: 'signal', pid, group: false, signal: 'SIGCONT' }])
  expect(onDisk()).toMatchObject([{ remedies: [{ do: 'signal', pid, started: expect.any(String) }] }])
  forget()
  forget()
  expect(onDisk()).toEqual([])
})

test('the next start lets a process go on that a killed run had frozen, and no other one of that number', async () => {
  const lease = new Lease('st-frozen', parent)
  const [frozen, renumbered] = [await sleeper('st-other'), await sleeper('st-other')]
  const state = (pid: number) => /\) (\w)/.exec(readFileSync(`/proc/${pid}/stat`, 'utf8'))?.[1]
  for (const pid of [frozen, renumbered]) {
    lease.remember([{ do: 'signal', pid, group: false, signal: 'SIGCONT' }])
    process.kill(pid, 'SIGSTOP')
    await expect.poll(() => state(pid)).toBe('T')
  }
  const file = path.join(parent, 'st-frozen.json')
  const content = JSON.parse(readFileSync(file, 'utf8'))
  content.faults[1].remedies[0].started = 'another moment'
  writeFileSync(file, JSON.stringify(content))
  await orphan('st-frozen')

  const said = await sweep(parent)

  expect(said[0]).toContain('healed a fault that run st-frozen')
  await expect.poll(() => state(frozen)).toBe('S')
  expect(state(renumbered)).toBe('T')
})

test('what could not be healed is said with what to type, and the rest is cleaned up', async () => {
  const lease = new Lease('st-gone', parent)
  const url = 'postgres://postgres:secret@127.0.0.1:1/postgres'
  lease.remember([{ do: 'sql', url, identity: '/data of system 1', statements: ['alter role app connection limit -1'] }])
  await orphan('st-gone')
  const said = await sweep(parent)
  expect(said[0]).toMatch(
    /was not healed: .*ECONNREFUSED.*psql postgres:\/\/postgres@127.0.0.1:1\/postgres -c "alter role app connection limit -1"/,
  )
  expect(said.join(' ')).not.toContain('secret')
  expect(readdirSync(parent)).toEqual([])
})
