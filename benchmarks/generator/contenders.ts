// Everything that sends calls in the comparison, each as a process on one core: started, it calls as fast as it can until it is stopped.
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { discover } from '../../harness/discover.ts'
import { freePort } from '../../harness/environment/free-port.ts'
import type { Driver } from '../../harness/load/driver.ts'
import { k6Driver } from '../../harness/load/k6/start.ts'
import { undiciDriver } from '../../harness/load/undici/start.ts'
import type { PersonaDefinition } from '../../harness/persona.ts'
import type { Plan, PlannedAgent } from '../../harness/plan/plan.ts'
import { ensureK6 } from '../../setup.mjs'
import { artillery as findArtillery, locust as findLocust, wrk as findWrk, type Peer } from './peers.ts'

const HERE = import.meta.dirname
const ROOT = path.resolve(HERE, '../..')
export const AGENTS = 32

/** One that runs; stopping it twice is harmless. */
export interface Sending {
  /** The process group that does the sending. */
  readonly group: number
  stop(): Promise<void>
}

export interface Contender {
  name: string
  /** Why it cannot take part. */
  missing?: string
  start(url: string, scratch: string, runsMs: number): Promise<Sending>
}

/** @param core on which all of them run; @param wanted by name: all when there is none */
export async function contenders(core: number, wanted: readonly string[]): Promise<Contender[]> {
  const k6 = await ensureK6({ root: ROOT })
  const had = async (name: string, find: () => Promise<Peer>) => (isWanted(name) ? await find() : { missing: 'not asked for' })
  const [wrk, locust, artillery] = [await had('wrk', findWrk), await had('locust', findLocust), await had('artillery', findArtillery)]
  const all: Contender[] = [
    { name: 'k6 driver', start: (url, scratch, runsMs) => ours(k6Driver, k6, core, url, scratch, loopPlan(runsMs)) },
    { name: 'undici driver', start: (url, scratch, runsMs) => ours(undiciDriver, k6, core, url, scratch, loopPlan(runsMs)) },
    { name: 'k6 by hand', start: (url, scratch, runsMs) => k6Script(k6, core, 'by-hand.k6.js', url, scratch, runsMs) },
    { name: 'k6 http.post', start: (url, scratch, runsMs) => k6Script(k6, core, 'post.k6.js', url, scratch, runsMs) },
    { name: 'SDK client v2', start: (url) => program(core, process.execPath, [path.join(HERE, 'sdk-client.ts'), url, String(AGENTS)]) },
    peer('wrk', wrk, (file, url, _, runsMs) => {
      const words = ['-t1', `-c${AGENTS}`, `-d${Math.ceil(runsMs / 1_000)}s`, '-s', path.join(HERE, 'wrk.lua'), url]
      return program(core, file, words)
    }),
    peer('locust', locust, (file, url, _, runsMs) => {
      const words = [
        '--headless',
        '-u',
        String(AGENTS),
        '-r',
        String(AGENTS),
        '-t',
        `${Math.ceil(runsMs / 1_000)}s`,
        '-H',
        new URL(url).origin,
      ]
      return program(core, file, ['-f', path.join(HERE, 'locustfile.py'), '--only-summary', ...words])
    }),
    peer('artillery', artillery, (file, url, scratch, runsMs) => {
      const script = path.join(scratch, 'artillery.json')
      writeFileSync(script, JSON.stringify(artilleryScript(url, runsMs)))
      return program(core, file, ['run', '--quiet', script])
    }),
  ]
  return all.filter(({ name }) => isWanted(name))

  function isWanted(name: string): boolean {
    return wanted.length === 0 || wanted.includes(name)
  }

  function peer(
    name: string,
    found: Peer,
    start: (file: string, url: string, scratch: string, runsMs: number) => Promise<Sending>,
  ): Contender {
    if ('missing' in found) return { name, missing: found.missing, start: () => Promise.reject(new Error(found.missing)) }
    return { name, start: (url, scratch, runsMs) => start(found.path, url, scratch, runsMs) }
  }
}

/** A program that begins on one core: one that looks around for cores as it starts must see that one alone, as its rivals do. */
function pinned(file: string, core: number, scratch: string): string {
  const script = path.join(scratch, `${path.basename(file)}-pinned`)
  writeFileSync(script, `#!/bin/sh\nexec taskset -c ${core} '${file}' "$@"\n`, { mode: 0o755 })
  return script
}

/** One of our drivers with this plan; on any core when none is given. */
export async function ours(
  driver: Driver,
  k6Path: string,
  core: number | undefined,
  url: string,
  scratch: string,
  plan: Plan,
): Promise<Sending & { ended: Promise<unknown> }> {
  const folder = path.join(scratch, driver.id)
  rmSync(folder, { recursive: true, force: true })
  for (const name of ['raw', 'logs', 'keep']) mkdirSync(path.join(folder, name), { recursive: true })
  writeFileSync(path.join(folder, 'plan.json'), JSON.stringify(plan))
  const generator = await driver.prepare({
    plan,
    planFile: path.join(folder, 'plan.json'),
    personas: await discover<PersonaDefinition>('persona', path.join(ROOT, 'scenarios/personas')),
    url,
    headers: plan.agents.map(({ index }) => ({ authorization: `Bearer mcp_k${index}_secret` })),
    run: 'r1',
    seed: 1,
    rawFolder: path.join(folder, 'raw'),
    logFolder: path.join(folder, 'logs'),
    k6Path: core === undefined ? k6Path : pinned(k6Path, core, scratch),
    controlPort: await freePort(),
    share: { part: 0, of: 1 },
    keeper: { run: 'r1', folder: path.join(folder, 'keep'), process: (pid) => core !== undefined && pin(pid, core) },
    signal: AbortSignal.timeout(600_000),
  })
  await generator.begin()
  return { group: generator.pids[0] ?? 0, stop: () => generator.stop(), ended: generator.ended }
}

/** Agents that call again as soon as they are answered. */
function loopPlan(runsMs: number): Plan {
  return planOf(runsMs, AGENTS, () => ({
    persona: 'runaway-loop',
    parameters: { atOnce: 1, pauseMs: 0, vary: 'same', callsMax: 1_000_000 },
    tasks: [{ task: 't1', atMs: 0, untilMs: runsMs, calls: [CALL] }],
  }))
}

export const CALL = { turn: 1, role: 'cheapRead' as const, arguments: {}, thinkMs: 0 }

export function planOf(
  endsAtMs: number,
  agents: number,
  agent: (index: number) => Pick<PlannedAgent, 'persona' | 'parameters' | 'tasks'>,
): Plan {
  const correct = [{ at: '/structuredContent/tables', is: 'array' as const, minLength: 1 }]
  return {
    schemaVersion: 1,
    scenario: 'bench',
    target: 'bench',
    seed: 1,
    scale: 'quick',
    protocol: '2026-07-28',
    phases: [{ name: 'steady', fromMs: 0, toMs: endsAtMs }],
    faults: [],
    links: {},
    settings: {},
    roles: { cheapRead: { tool: 'list_tables', sloMs: 500, needs: [], correct } },
    agents: Array.from({ length: agents }, (_, index) => ({
      agent: `agent-${index + 1}`,
      index,
      tenant: 't',
      hostile: false,
      ...agent(index),
    })),
    checks: [],
    essential: [],
    endsAtMs,
    patienceMs: 6_000,
  } as Plan
}

export function k6Script(
  k6: string,
  core: number,
  script: string,
  url: string,
  scratch: string,
  runsMs: number,
  seen: Record<string, string> = {},
): Promise<Sending> {
  const given = { URL: url, AGENTS: String(AGENTS), DURATION: `${Math.ceil(runsMs / 1_000)}s`, ...seen }
  const words = Object.entries(given).flatMap(([name, value]) => ['-e', `${name}=${value}`])
  const output = ['--log-format=raw', `--console-output=${path.join(scratch, `${script}.ndjson`)}`]
  return program(core, k6, ['run', '--quiet', '--summary-mode=disabled', ...output, ...words, path.join(HERE, script)], { GOGC: '400' })
}

function artilleryScript(url: string, runsMs: number): object {
  const json = { jsonrpc: '2.0', id: 'c1', method: 'tools/call', params: { name: 'list_tables', arguments: {} } }
  const post = { post: { url: '/mcp', json } }
  return {
    config: { target: new URL(url).origin, phases: [{ duration: Math.ceil(runsMs / 1_000), arrivalCount: AGENTS }] },
    scenarios: [{ flow: [{ loop: [post], count: 1_000_000 }] }],
  }
}

/** A program on one core, in a group of its own, that is ended as a whole. */
function program(core: number, file: string, words: string[], env: Record<string, string> = {}): Promise<Sending> {
  const child: ChildProcess = spawn('taskset', ['-c', String(core), file, ...words], {
    stdio: 'ignore',
    detached: true,
    env: { ...process.env, K6_NO_USAGE_REPORT: 'true', K6_AUTO_EXTENSION_RESOLUTION: 'false', ARTILLERY_DISABLE_TELEMETRY: 'true', ...env },
  })
  const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  return Promise.resolve({
    group: child.pid ?? 0,
    async stop() {
      if (child.exitCode === null && child.pid !== undefined) process.kill(-child.pid, 'SIGKILL')
      await gone
    },
  })
}

function pin(pid: number, core: number): void {
  spawn('taskset', ['-a', '-p', '-c', String(core), String(pid)], { stdio: 'ignore' })
}
