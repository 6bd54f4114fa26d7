// k6 as the load engine: bundle, inspect, start paused, begin, end.
//
// It runs in a process group of its own (Ctrl-C reaches the harness alone, which then ends k6 in order), without its inherited
// K6_* settings, and says nothing to the outside. Tokens reach it by a file that only this user can read, deleted as soon as
// k6 has read it: never by an argument, never by its environment.
// Exit codes 0, 99, 103 and 108 mean that it ran; what it was worth the checks decide.
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { readFile, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { promisify } from 'node:util'
import { HarnessError } from '../../errors.ts'
import { type Driver, type DriverOptions, type Generator, partName, type Share } from '../driver.ts'
import { fleetFacts } from '../facts.ts'
import { assertDrivable, shareOfRate } from '../preconditions.ts'
import { bundle } from './bundle.ts'
import { Control } from './control.ts'
import { K6Process } from './process.ts'

const INSPECT_WITHIN_MS = 20_000
/** From where on k6 collects as often as it must. */
const MEMORY_MIB = 512
const MEMORY_MIB_AN_AGENT = 0.42
const PAUSED_WITHIN_MS = 30_000
/** Making one takes 2 ms of a core that is free. */
const PAUSED_WITHIN_MS_AN_AGENT = 20

export const k6Driver: Driver = { id: 'k6', agentBytes: 640_000, prepare }

async function prepare(options: DriverOptions): Promise<Generator> {
  assertDrivable(options)
  assertNoCertificates(options)
  const files = filesOf(options)
  await bundle(options.plan, options.personas, files.program)
  await writeFile(files.config, '{}')
  await writeFile(files.authorities, authoritiesOf(options))
  await writeFile(files.facts, JSON.stringify(fleetFacts(options)), { mode: 0o600 })
  try {
    const env = environment(options, files)
    await inspect(options, files, env)
    return await startPaused(options, files, env)
  } finally {
    await rm(files.facts, { force: true })
  }
}

function assertNoCertificates({ tls = [] }: DriverOptions): void {
  if (!tls.some(({ cert }) => cert !== undefined)) return
  const hint = 'the driver that can: --driver undici'
  throw new HarnessError('DRIVER_CANNOT', 'k6 cannot show a client certificate for each agent', hint)
}

interface Files {
  program: string
  facts: string
  config: string
  authorities: string
  console: string
  log: string
}

function filesOf({ keeper, rawFolder, logFolder, share }: DriverOptions): Files {
  return {
    program: path.join(keeper.folder, partName('load.js', share)),
    facts: path.join(keeper.folder, partName('load-facts.json', share)),
    config: path.join(keeper.folder, 'k6-config.json'),
    authorities: path.join(keeper.folder, 'k6-authorities.pem'),
    console: path.join(rawFolder, partName('load.ndjson', share)),
    log: path.join(logFolder, partName('k6.log', share)),
  }
}

function authoritiesOf({ tls = [] }: DriverOptions): string {
  return [...new Set(tls.flatMap(({ ca }) => ca ?? []))].join('\n')
}

/** Ours without any K6_* setting, and with those that keep it to itself. */
function environment({ plan, keeper, tls = [] }: DriverOptions, files: Files): Record<string, string> {
  const kept = Object.entries(process.env).filter(
    (entry): entry is [string, string] => entry[1] !== undefined && !entry[0].startsWith('K6_'),
  )
  return {
    ...Object.fromEntries(kept),
    K6_NO_USAGE_REPORT: 'true',
    K6_AUTO_EXTENSION_RESOLUTION: 'false',
    STAMPEDE_RUN: keeper.run,
    // HTTP/1.1, as the stock clients speak it: a connection for each call under way.
    GODEBUG: 'http2client=0',
    // Go reads whom to trust from there.
    ...(tls.some(({ ca }) => ca !== undefined) && { SSL_CERT_FILE: files.authorities }),
    // Fewer collections: a fifth more calls a second for some memory, but no more of it than so many agents need.
    GOGC: '400',
    GOMEMLIMIT: `${MEMORY_MIB + Math.ceil(plan.agents.length * MEMORY_MIB_AN_AGENT)}MiB`,
  }
}

/** A program that k6 cannot take is refused here, before anything begins. */
async function inspect(options: DriverOptions, files: Files, env: Record<string, string>): Promise<void> {
  const { k6Path, signal } = options
  const timeout = AbortSignal.timeout(INSPECT_WITHIN_MS)
  try {
    await promisify(execFile)(k6Path, ['inspect', '--execution-requirements', ...programArguments(options, files)], {
      env,
      signal: AbortSignal.any([signal, timeout]),
      killSignal: 'SIGKILL',
    })
  } catch (error) {
    signal.throwIfAborted()
    const said = timeout.aborted
      ? `no answer within ${INSPECT_WITHIN_MS / 1_000} s`
      : ((error as { stderr?: string }).stderr ?? String(error)).trim()
    throw new HarnessError(
      'LOAD_BUNDLE_REFUSED',
      `k6 does not take the agents' program: ${said}`,
      'look at the personas of the scenario: k6 has no Node and no DOM',
      error,
    )
  }
}

async function startPaused(options: DriverOptions, files: Files, env: Record<string, string>): Promise<Generator> {
  const address = `127.0.0.1:${options.controlPort}`
  const child = spawn(options.k6Path, runArguments(address, options, files), { env, detached: true, stdio: ['ignore', 'ignore', 'pipe'] })
  const started = new K6Process(child, new Control(address), options.signal)
  await spawned(child)
  for (const pid of started.pids) options.keeper.process(pid, 'k6')
  const withinMs = PAUSED_WITHIN_MS + PAUSED_WITHIN_MS_AN_AGENT * options.plan.agents.length
  const gaveUp = new AbortController()
  const signal = AbortSignal.any([options.signal, gaveUp.signal, AbortSignal.timeout(withinMs)])
  try {
    const gone = started.ended.then(({ exitCode }) => {
      throw new Error(`it ended with ${exitCode}`)
    })
    await Promise.race([started.control.paused(signal), gone])
    return started
  } catch (error) {
    await started.stop()
    options.signal.throwIfAborted()
    const said = `${started.said}${await readFile(files.log, 'utf8').catch(() => '')}`.trim()
    throw new HarnessError(
      'LOAD_DID_NOT_START',
      `k6 did not get ready: ${error instanceof Error ? error.message : error}\n${said}`,
      `see ${files.log}`,
      error,
    )
  } finally {
    gaveUp.abort()
  }
}

function runArguments(address: string, options: DriverOptions, files: Files): string[] {
  return [
    'run',
    '--quiet',
    '--no-color',
    '--paused',
    ...['--address', address],
    '--summary-mode=disabled',
    '--log-format=raw',
    `--console-output=${files.console}`,
    `--log-output=file=${files.log}`,
    ...(options.allowances ? [`--rps=${shareOfRate(options.allowances, options.share)}`] : []),
    ...segmentArguments(options.share),
    ...programArguments(options, files),
  ]
}

/** k6's own way to share one test: each takes an equal part of the agents, and an agent keeps its number in all of them. */
function segmentArguments({ part, of }: Share): string[] {
  if (of === 1) return []
  const at = (n: number) => (n === 0 ? '0' : n === of ? '1' : `${n}/${of}`)
  const sequence = Array.from({ length: of + 1 }, (_, n) => at(n)).join(',')
  return ['--execution-segment', `${at(part)}:${at(part + 1)}`, '--execution-segment-sequence', sequence]
}

/** The program, and all that it gets to see of the world: two paths. */
function programArguments({ planFile }: DriverOptions, { program, config, facts }: Files): string[] {
  const seen = ['-e', `STAMPEDE_PLAN=${path.resolve(planFile)}`, '-e', `STAMPEDE_FACTS=${facts}`]
  return ['--include-system-env-vars=false', '--config', config, ...seen, program]
}

function spawned(child: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => child.once('spawn', resolve).once('error', reject))
}
