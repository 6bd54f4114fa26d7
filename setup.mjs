// Gets everything a run needs, on a fresh clone with nothing done before. npm runs it before every script:
//
//   node setup.mjs             npm packages, Node 24 among them
//   node setup.mjs k6 redis    those two as well; promtool, chromium, ip, docker and python-mcp, which only tests need
//
// Plain JavaScript on Node's built-ins only, since it runs before anything is installed, on any Node from 18 on. The
// harness calls `ensureK6` and `ensureRedis` itself, and only when a run needs them. Nothing to do takes no time; what
// takes time says what it is and how far it is, on stderr.
import { realpathSync } from 'node:fs'
import path from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { findK6, makeK6, versionOf } from './tools/setup/k6.mjs'
import { locked } from './tools/setup/lock.mjs'
import { installPackages, linkNode, stalePackages } from './tools/setup/npm.mjs'
import { findProgram, makeProgram, PROGRAMS } from './tools/setup/programs.mjs'
import { findPythonMcp, makePythonMcp } from './tools/setup/python-mcp.mjs'
import { findRedis, makeRedis } from './tools/setup/redis.mjs'
import { lockFile } from './tools/setup/tools-folder.mjs'
import { SetupError, say } from './tools/setup/words.mjs'

export { SetupError }

const ROOT = path.dirname(fileURLToPath(import.meta.url))

/** @typedef {{ root?: string, env?: NodeJS.ProcessEnv, signal?: AbortSignal | undefined }} Options */

/**
 * Installs the npm packages when they are missing or stale, and puts Node 24 in front.
 * @param {Options} [options]
 */
export async function ensurePackages({ root = ROOT, env = process.env, signal } = {}) {
  if ((await stalePackages({ root })) !== undefined) {
    await locked(
      path.join(root, '.setup.lock'),
      async () => {
        const why = await stalePackages({ root })
        if (why === undefined) return
        say(`set-up: ${why}`)
        await installPackages({ root, env, signal })
      },
      { signal },
    )
  }
  await linkNode({ root, signal })
}

/**
 * @param {Options & { given?: string | undefined }} [options] `given`: what `--k6` said
 * @returns {Promise<string>} the path of a k6 2
 */
export async function ensureK6({ root = ROOT, env = process.env, given, signal } = {}) {
  return await ensure(
    { root, signal },
    () => findK6({ root, env, given, signal }),
    () => makeK6({ root, env, signal }),
  )
}

/**
 * @param {Options} [options]
 * @returns {Promise<string | undefined>} the path of a k6 2, when nothing needs to be fetched or built for it
 */
export async function k6IfThere({ root = ROOT, env = process.env, signal } = {}) {
  return await findK6({ root, env, signal })
}

/**
 * @param {string} k6 its path
 * @returns {Promise<string>}
 */
export async function k6VersionOf(k6) {
  return (await versionOf(k6)) ?? 'unknown'
}

/**
 * @param {Options} [options]
 * @returns {Promise<string>} the path of a redis-server
 */
export async function ensureRedis({ root = ROOT, env = process.env, signal } = {}) {
  return await ensure(
    { root, signal },
    () => findRedis({ root, env }),
    () => makeRedis({ root, env, signal }),
  )
}

/**
 * A program that only tests need.
 * @param {keyof typeof PROGRAMS} name
 * @param {Options} [options]
 * @returns {Promise<string>} its path
 */
export async function ensureProgram(name, { root = ROOT, env = process.env, signal } = {}) {
  return await ensure(
    { root, signal },
    () => findProgram({ root, env }, PROGRAMS[name]),
    () => makeProgram({ root, env, signal }, PROGRAMS[name]),
  )
}

/**
 * @param {Options} [options]
 * @returns {Promise<string>} a folder for PYTHONPATH that holds the package `mcp`
 */
export async function ensurePythonMcp({ root = ROOT, env = process.env, signal } = {}) {
  return await ensure(
    { root, signal },
    () => findPythonMcp({ root, env, signal }),
    () => makePythonMcp({ root, env, signal }),
  )
}

/**
 * What is there is used without asking anybody; what is missing is got by one process at a time.
 * @param {{ root: string, signal?: AbortSignal | undefined }} options
 * @param {() => Promise<string | undefined>} find
 * @param {() => Promise<string>} make
 */
async function ensure({ root, signal }, find, make) {
  let found = await find()
  if (found !== undefined) return found
  await locked(
    await lockFile(root),
    async () => {
      found = (await find()) ?? (await make())
    },
    { signal },
  )
  return /** @type {string} */ (/** @type {unknown} */ (found))
}

/** @param {readonly string[]} wanted keys of `parts` */
async function main(wanted) {
  const stop = new AbortController()
  for (const name of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP'])) {
    process.once(name, () =>
      stop.abort(new SetupError('STOPPED', `stopped by ${name}`, 'nothing half-done is left; start it again when you like')),
    )
  }
  const options = { signal: stop.signal }
  /** @type {Record<string, (options: Options) => Promise<string>>} */
  const parts = { k6: ensureK6, redis: ensureRedis, 'python-mcp': ensurePythonMcp }
  for (const name of /** @type {(keyof typeof PROGRAMS)[]} */ (Object.keys(PROGRAMS))) parts[name] = (given) => ensureProgram(name, given)
  for (const word of wanted) {
    if (!(word in parts))
      throw new SetupError(
        'UNKNOWN_PART',
        `there is no part ${JSON.stringify(word)}`,
        `node setup.mjs ${Object.keys(parts)
          .map((part) => `[${part}]`)
          .join(' ')}`,
      )
  }
  await ensurePackages(options)
  for (const word of wanted) await parts[word]?.(options)
}

if (process.argv[1] !== undefined && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  try {
    await main(process.argv.slice(2))
  } catch (error) {
    if (!(error instanceof SetupError)) throw error
    say(`\n${error.code}: ${error.message}\n  ${error.hint}\n`)
    process.exitCode = 1
  }
}
