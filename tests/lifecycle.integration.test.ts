// Ctrl-C, and kill -9 of the harness followed by any next start, once in each phase of a run: no process, port, fault, folder
// or lease is left, and the next start says what it cleaned.
import type { ChildProcess } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, readlinkSync as readlink } from 'node:fs'
import net from 'node:net'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Verdicts } from '../harness/checks/check.ts'
import type { Manifest } from '../harness/history/manifest.ts'
import { isAlive, processesOf } from '../harness/run/process-table.ts'
import { finish, ROOT, untilShown, Workshop } from './fixtures/cli.ts'

const SHORT = path.join(ROOT, 'tests/fixtures/scenarios/short.ts')

let workshop: Workshop
beforeEach(() => {
  workshop = new Workshop()
})
afterEach(() => workshop[Symbol.dispose]())

/** A line of the run's progress that shows that it has come so far. */
const MOMENTS = [
  ['while the services start', /postgres is up/],
  ['while the server starts', /starting the server/],
  ['while the agents are prepared', /preparing \d+ agents/],
  ['in the warm-up', /warm-up/],
  ['in the steady phase', /steady/],
  ['while the fault is in force', /stress.*postgres-latency/],
  ['in the recovery', /recovery/],
] as const

function begin(): ChildProcess {
  return workshop.start('scenario', SHORT, '--reports', workshop.reports)
}

/** What lives in the run's temporary folder, and every process that carries its mark. */
function remains() {
  const folders = readdirSync(workshop.temporary).filter(
    (name) => name.startsWith('stampede-') && readdirSync(path.join(workshop.temporary, name)).length > 0,
  )
  return { folders, processes: runs().flatMap((run) => processesOf(run).map(({ command }) => command)) }
}

let knownRuns: string[] = []
beforeEach(() => {
  knownRuns = []
})

/** The ids of all runs that have left a lease or a manifest so far. */
function runs(): string[] {
  for (const folder of readdirSync(workshop.temporary).filter((name) => name.startsWith('stampede-'))) {
    for (const name of readdirSync(path.join(workshop.temporary, folder))) knownRuns.push(path.basename(name, '.json'))
  }
  const manifest = manifestFile()
  if (manifest) knownRuns.push((JSON.parse(readFileSync(manifest, 'utf8')) as Manifest).run)
  return [...new Set(knownRuns)]
}

function runFolder(): string | undefined {
  const latest = path.join(workshop.reports, 'short/latest')
  return existsSync(latest) ? latest : undefined
}

function manifestFile(): string | undefined {
  const folder = runFolder()
  return folder && existsSync(path.join(folder, 'manifest.json')) ? path.join(folder, 'manifest.json') : undefined
}

/** Every loopback port that a process of the run listens on. */
function listeningPorts(run: string): number[] {
  const inodes = new Map<string, number>()
  for (const line of readFileSync('/proc/net/tcp', 'utf8').split('\n').slice(1)) {
    const [, local, , state, , , , , , inode] = line.trim().split(/\s+/)
    if (state === '0A' && local && inode) inodes.set(inode, Number.parseInt(local.split(':')[1] ?? '', 16))
  }
  return processesOf(run).flatMap(({ pid }) => socketsOf(pid).flatMap((inode) => inodes.get(inode) ?? []))
}

function socketsOf(pid: number): string[] {
  try {
    return readdirSync(`/proc/${pid}/fd`).flatMap((fd) => {
      try {
        return /socket:\[(\d+)\]/.exec(readlink(`/proc/${pid}/fd/${fd}`))?.[1] ?? []
      } catch {
        return []
      }
    })
  } catch {
    return []
  }
}

function isOpen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = net.connect(port, '127.0.0.1')
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false))
    socket.once('close', () => socket.destroy()).setTimeout(1_000, () => socket.destroy())
  })
}

describe.each(MOMENTS)('%s', (_, shown) => {
  test('Ctrl-C heals, keeps what there is, and leaves nothing', async () => {
    const child = begin()
    const finished = finish(child)
    await untilShown(child, shown)
    const ports = runs().flatMap(listeningPorts)
    child.kill('SIGINT')
    const { code } = await finished

    expect(code).toBe(2)
    expect(remains()).toEqual({ folders: [], processes: [] })
    expect(await Promise.all(ports.map(isOpen))).not.toContain(true)
    const folder = runFolder() as string
    expect((JSON.parse(readFileSync(path.join(folder, 'manifest.json'), 'utf8')) as Manifest).state).toBe('aborted')
    expect((JSON.parse(readFileSync(path.join(folder, 'verdicts.json'), 'utf8')) as Verdicts).status).toBe('unknown')
    expect(existsSync(path.join(folder, 'report.html'))).toBe(true)
  })

  test('kill -9 leaves what the next start cleans up, and says so', async () => {
    const child = begin()
    const finished = finish(child)
    await untilShown(child, shown)
    child.kill('SIGKILL')
    await finished
    const left = runs().flatMap((run) => processesOf(run).map(({ pid }) => pid))
    const ports = runs().flatMap(listeningPorts)
    expect(left.length).toBeGreaterThan(0)

    const next = await workshop.cli('scenario', '--list')

    expect(next.stderr).toMatch(/cleaned up after run st\w+, which was killed: ended \d+ process/)
    expect(left.filter(isAlive)).toEqual([])
    expect(remains()).toEqual({ folders: [], processes: [] })
    expect(await Promise.all(ports.map(isOpen))).not.toContain(true)
  })
})

test('a run that was killed can still be judged up to there: unknown', async () => {
  const child = begin()
  const finished = finish(child)
  await untilShown(child, /recovery/)
  child.kill('SIGKILL')
  await finished
  const judged = await workshop.cli('judge', runFolder() as string)
  expect(judged.code, judged.stderr).toBe(2)
})
