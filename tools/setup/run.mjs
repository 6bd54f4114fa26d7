// Runs one other program to its end: its words line by line, its death when we are told to stop.
import { spawn } from 'node:child_process'
import { constants } from 'node:fs'
import { access } from 'node:fs/promises'
import path from 'node:path'

const KEPT_LINES = 40

/**
 * @typedef {object} Options
 * @property {string} [cwd]
 * @property {NodeJS.ProcessEnv | undefined} [env]
 * @property {AbortSignal | undefined} [signal] stops the program
 * @property {number} [timeoutMs] default 15 minutes
 * @property {(line: string) => void} [onLine] each line of stdout and stderr
 */

/**
 * @param {string} command
 * @param {readonly string[]} args
 * @param {Options} [options]
 * @returns {Promise<{ ok: boolean, lines: string[] }>} its last lines; `ok` false as well when it could not be started
 */
export function run(command, args, { cwd, env, signal, timeoutMs = 900_000, onLine } = {}) {
  return new Promise((resolve, reject) => {
    const limit = AbortSignal.timeout(timeoutMs)
    const child = spawn(command, [...args], { cwd, env, stdio: ['ignore', 'pipe', 'pipe'], windowsHide: true })
    const stop = () => child.kill('SIGTERM')
    signal?.addEventListener('abort', stop, { once: true })
    limit.addEventListener('abort', stop, { once: true })
    /** @type {string[]} */
    const lines = []
    const hear = lineReader((line) => {
      lines.push(line)
      if (lines.length > KEPT_LINES) lines.shift()
      onLine?.(line)
    })
    child.stdout.on('data', hear)
    child.stderr.on('data', hear)
    const finish = (/** @type {boolean} */ ok, /** @type {string} */ last) => {
      signal?.removeEventListener('abort', stop)
      limit.removeEventListener('abort', stop)
      if (signal?.aborted) reject(signal.reason)
      else resolve({ ok, lines: last ? [...lines, last] : lines })
    }
    child.on('error', (error) => finish(false, error.message))
    child.on('close', (code) => finish(code === 0, limit.aborted ? `stopped after ${timeoutMs / 1_000} s` : ''))
    if (signal?.aborted) stop()
  })
}

/** @param {(line: string) => void} onLine */
function lineReader(onLine) {
  let rest = ''
  return (/** @type {Buffer} */ chunk) => {
    const parts = (rest + chunk.toString('utf8')).split(/\r?\n|\r/)
    rest = (parts.pop() ?? '').slice(-10_000)
    for (const part of parts) if (part.trim() !== '') onLine(part)
  }
}

/**
 * Where a program lies on PATH.
 * @param {string} name
 * @param {NodeJS.ProcessEnv} env
 * @returns {Promise<string | undefined>}
 */
export async function which(name, env) {
  const endings = process.platform === 'win32' ? ['.exe', '.cmd'] : ['']
  for (const folder of (env.PATH ?? '').split(path.delimiter).filter(Boolean)) {
    for (const ending of endings) {
      const candidate = path.join(folder, name + ending)
      if (await runnable(candidate)) return candidate
    }
  }
  return undefined
}

/** @param {string} file */
export async function runnable(file) {
  return await access(file, constants.X_OK).then(
    () => true,
    () => false,
  )
}
