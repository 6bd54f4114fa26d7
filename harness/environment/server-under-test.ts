// The server under test, started by the target's own command through a shell, in a process group of its own: signals go
// to the group, so that `npm start` and what it starts end together. Its output goes to files, not through the harness:
// a busy harness must not slow a server that logs. Its `node` is the one of whoever started the harness, not the one that runs the harness:
// modules that were compiled for the first do not load in the second. What this does not model: several machines.
import type { SpawnOptions } from 'node:child_process'
import { open, readFile } from 'node:fs/promises'
import { connect } from 'node:net'
import path from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { HarnessError } from '../errors.ts'
import { type Child, startChild } from './child.ts'
import { groupVessel, ServerInstance, type ServerVessel } from './server-instance.ts'
import type { Exit, Keeper } from './service.ts'

const START_LIMIT_MS = 30_000
const OUR_PROGRAMS = path.resolve(import.meta.dirname, '../../node_modules/.bin')
const POLL_MS = 50
/** Of a server that is starting, or of what stands before it. */
const NOT_YET: ReadonlySet<number> = new Set([502, 503, 504])

export interface ServerOptions {
  keeper: Keeper
  /** A shell command line. */
  command: string
  cwd: string
  /** `node` is the Node that runs the harness. */
  harnessNode?: boolean | undefined
  /** Added to the harness's own environment. */
  env: Record<string, string>
  /** Answers 2xx once the server serves. */
  readyUrl: string
  /** Any status will do: nobody said which address tells. */
  anyAnswer?: boolean
  /** How long it may take until then; default 30,000 ms. */
  readyWithinMs?: number | undefined
  /** Its stdout is appended here, its stderr to the same name with `.err`. */
  logFile: string
  instance: number
  signal: AbortSignal
}

/**
 * Starts the server and waits until it serves.
 * @throws HarnessError `PORT_IN_USE`; `SERVER_DID_NOT_START` with its last lines
 */
export async function startServer(options: ServerOptions): Promise<ServerInstance> {
  // A restart heals a fault: it is done even when the run has been stopped.
  const launch = (signal = AbortSignal.timeout(2 * (options.readyWithinMs ?? START_LIMIT_MS))) => launchServer({ ...options, signal })
  return new ServerInstance(await launch(options.signal), options.instance, launch)
}

async function launchServer(options: ServerOptions): Promise<ServerVessel> {
  const { command, readyUrl, anyAnswer = false, readyWithinMs = START_LIMIT_MS, logFile, signal } = options
  signal.throwIfAborted()
  await refuseTakenPort(new URL(readyUrl))
  const [out, err] = await Promise.all([open(logFile, 'a'), open(`${logFile}.err`, 'a')])
  const from = await Promise.all([out, err].map(async (file) => (await file.stat()).size))
  let vessel: ServerVessel
  try {
    vessel = groupVessel(await startShell(options, ['ignore', out.fd, err.fd]))
  } finally {
    await Promise.all([out.close(), err.close()])
  }
  try {
    await untilReady(vessel, readyUrl, anyAnswer, AbortSignal.any([signal, AbortSignal.timeout(readyWithinMs)]))
    return vessel
  } catch (cause) {
    const early = !vessel.running
    const there = early || signal.aborted ? '' : await answerAt(readyUrl)
    await new ServerInstance(vessel, options.instance, () => Promise.resolve(vessel)).stop(1_000)
    signal.throwIfAborted()
    const lines = await lastLines([logFile, `${logFile}.err`], from)
    const what = early
      ? `ended early (${describe(await vessel.exited)})`
      : `did not answer${anyAnswer ? '' : ' 2xx'} at ${readyUrl} within ${readyWithinMs / 1_000} s; ${there}`
    throw new HarnessError(
      'SERVER_DID_NOT_START',
      `the server ${what}:\n  ${lines || '(it printed nothing)'}`,
      `try it by hand: ${command}; its log is ${logFile}`,
      cause,
    )
  }
}

async function startShell(
  { command, harnessNode = false, keeper, cwd, env, instance }: ServerOptions,
  stdio: SpawnOptions['stdio'],
): Promise<Child> {
  const PATH = env.PATH ?? pathOfUser(process.env.PATH ?? '')
  const withPath = { ...process.env, ...env, PATH: harnessNode ? `${path.dirname(process.execPath)}${path.delimiter}${PATH}` : PATH }
  const [shell, flag] = process.platform === 'win32' ? ['cmd.exe', '/c'] : ['/bin/sh', '-c']
  return await startChild({ keeper, name: `server ${instance}`, file: shell, args: [flag, command], cwd, env: withPath, stdio })
}

/** Without what npm puts in front when it runs a script of the checkout. */
export function pathOfUser(PATH: string): string {
  return PATH.split(path.delimiter)
    .filter((folder) => path.resolve(folder) !== OUR_PROGRAMS)
    .join(path.delimiter)
}

async function untilReady(server: ServerVessel, readyUrl: string, anyAnswer: boolean, signal: AbortSignal): Promise<void> {
  const ended = new AbortController()
  void server.exited.then(() => ended.abort(new Error('the server ended')))
  const stop = AbortSignal.any([signal, ended.signal])
  while (!(await answers(readyUrl, AbortSignal.any([stop, AbortSignal.timeout(2_000)]), anyAnswer))) {
    stop.throwIfAborted()
    await pause(POLL_MS, undefined, { signal: stop })
  }
  stop.throwIfAborted()
}

/** 2xx, or any status that does not say: not yet. */
export async function answers(url: string, signal: AbortSignal, anyAnswer = false): Promise<boolean> {
  try {
    const response = await fetch(url, { signal, redirect: 'manual' })
    await response.body?.cancel()
    return response.ok || (anyAnswer && !NOT_YET.has(response.status))
  } catch {
    return false
  }
}

/** For a person: what stands between the server and being ready. */
async function answerAt(url: string): Promise<string> {
  try {
    const { status, body } = await fetch(url, { signal: AbortSignal.timeout(2_000), redirect: 'manual' })
    await body?.cancel()
    return `it answers ${status}`
  } catch {
    return 'it gives no answer at all'
  }
}

/** Where it names none, its protocol's own. */
export function portOf({ port, protocol }: URL): number {
  return Number(port) || (protocol === 'https:' ? 443 : 80)
}

/** Somebody else's server at this address would look like ours being ready. */
async function refuseTakenPort(url: URL): Promise<void> {
  const port = portOf(url)
  const taken = await new Promise<boolean>((resolve) => {
    const socket = connect({ host: url.hostname.replace(/^\[|\]$/g, ''), port, timeout: 1_000 })
    const settle = (found: boolean) => {
      socket.destroy()
      resolve(found)
    }
    socket.once('connect', () => settle(true))
    socket.once('error', () => settle(false))
    socket.once('timeout', () => settle(false))
  })
  if (taken)
    throw new HarnessError(
      'PORT_IN_USE',
      `something listens on ${url.host} already`,
      `stop it, or give the server another port; find it by: ss -ltnp 'sport = :${port}'`,
    )
}

async function lastLines(files: string[], from: number[]): Promise<string> {
  const texts = await Promise.all(files.map(async (file, at) => (await readFile(file)).subarray(from[at]).subarray(-4_096).toString()))
  return texts
    .flatMap((text) => text.trimEnd().split('\n').slice(-10))
    .filter(Boolean)
    .join('\n  ')
}

function describe({ code, signal }: Exit): string {
  return signal ? `by ${signal}` : `exit code ${code}`
}
