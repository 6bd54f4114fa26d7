// Ctrl-C, and kill -9 of the harness followed by any next start, once in each phase of a run, and a reader that goes away: no process,
// port, fault, folder or lease is left, the next start says what it cleaned, and what was recorded can be judged.
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync, readFileSync, readlinkSync as readlink } from 'node:fs'
import net from 'node:net'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import type { Verdicts } from '../harness/checks/check.ts'
import type { Manifest } from '../harness/history/manifest.ts'
import { isAlive, processesOf } from '../harness/run/process-table.ts'
import { finish, ROOT, untilShown, Workshop } from './fixtures/cli.ts'

const SHORT = path.join(ROOT, 'tests/fixtures/scenarios/short.ts')

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

/** Where one test starts its runs, and what they leave there. */
class Site extends Workshop {
  readonly #known = new Set<string>()

  begin(): ChildProcess {
    return this.start('scenario', SHORT, '--reports', this.reports)
  }

  /** Lease folders that are not empty, and every process that carries the mark of a run. */
  remains() {
    const folders = this.#leaseFolders().filter((folder) => readdirSync(folder).length > 0)
    return { folders, processes: this.runs().flatMap((run) => processesOf(run).map(({ command }) => command)) }
  }

  /** The ids of all runs that have left a lease or a manifest so far. */
  runs(): string[] {
    for (const name of this.#leaseFolders().flatMap((folder) => readdirSync(folder))) this.#known.add(path.basename(name, '.json'))
    const manifest = path.join(this.runFolder, 'manifest.json')
    if (existsSync(manifest)) this.#known.add((JSON.parse(readFileSync(manifest, 'utf8')) as Manifest).run)
    return [...this.#known]
  }

  get runFolder(): string {
    return path.join(this.reports, 'short/latest')
  }

  #leaseFolders(): string[] {
    return readdirSync(this.temporary).flatMap((name) => (name.startsWith('stampede-') ? [path.join(this.temporary, name)] : []))
  }
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

// Runs of four agents leave the cores mostly idle: both of a moment go on side by side.
describe.each(MOMENTS)('%s', (_, shown) => {
  test.concurrent('Ctrl-C heals, keeps what there is, and leaves nothing', async () => {
    using site = new Site()
    const child = site.begin()
    const finished = finish(child)
    await untilShown(child, shown)
    const ports = site.runs().flatMap(listeningPorts)
    child.kill('SIGINT')
    const { code } = await finished

    expect(code).toBe(2)
    expect(site.remains()).toEqual({ folders: [], processes: [] })
    expect(await Promise.all(ports.map(isOpen))).not.toContain(true)
    const folder = site.runFolder
    expect((JSON.parse(readFileSync(path.join(folder, 'manifest.json'), 'utf8')) as Manifest).state).toBe('aborted')
    expect((JSON.parse(readFileSync(path.join(folder, 'verdicts.json'), 'utf8')) as Verdicts).status).toBe('unknown')
    expect(existsSync(path.join(folder, 'report.html'))).toBe(true)
  })

  test.concurrent('kill -9 leaves what the next start cleans up, and says so; up to there it is judged: unknown', async () => {
    using site = new Site()
    const child = site.begin()
    const finished = finish(child)
    await untilShown(child, shown)
    child.kill('SIGKILL')
    await finished
    const left = site.runs().flatMap((run) => processesOf(run).map(({ pid }) => pid))
    const ports = site.runs().flatMap(listeningPorts)
    expect(left.length).toBeGreaterThan(0)

    const next = await site.cli('scenario', '--list')

    expect(next.stderr).toMatch(/cleaned up after run st\w+, which was killed: ended \d+ process/)
    expect(left.filter(isAlive)).toEqual([])
    expect(site.remains()).toEqual({ folders: [], processes: [] })
    expect(await Promise.all(ports.map(isOpen))).not.toContain(true)
    const judged = await site.cli('judge', site.runFolder)
    expect(judged.code, judged.stderr).toBe(2)
  })
})

test('whoever read along goes away, as with `| head`: it ends as with Ctrl-C', async () => {
  using site = new Site()
  const child = site.begin()
  await untilShown(child, /steady/)
  const exited = once(child, 'exit')
  child.stdout?.destroy()
  child.stderr?.destroy()

  expect((await exited)[0]).toBe(2)
  expect(site.runs()).toHaveLength(1)
  expect(site.remains()).toEqual({ folders: [], processes: [] })
  expect((JSON.parse(readFileSync(path.join(site.runFolder, 'manifest.json'), 'utf8')) as Manifest).state).toBe('aborted')
})
