// Node 24 for the installed package, when the Node that started it is older: npm's package of it for this platform, the same that a
// checkout installs, kept beside the other programs. Nothing of the project that installed us is changed, nor the Node that its own
// scripts find.
import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import process from 'node:process'
import { locked } from './lock.mjs'
import { NODE_MAJOR, npmCommand } from './npm.mjs'
import { run, runnable } from './run.mjs'
import { lockFile, toolsFolder } from './tools-folder.mjs'
import { SetupError, step } from './words.mjs'

/**
 * @param {{ root: string, env?: NodeJS.ProcessEnv, signal?: AbortSignal | undefined }} options `root`: the package's dist, whose
 *   package.json names the packages
 * @returns {Promise<string>} the path of a Node 24
 */
export async function ensureNode({ root, env = process.env, signal }) {
  const [name, version] = await packageFor(root)
  const folder = path.join(toolsFolder(root, env), `node-${version}`)
  const binary = path.join(folder, 'node_modules', name, 'bin', process.platform === 'win32' ? 'node.exe' : 'node')
  if (await runnable(binary)) return binary
  await locked(
    await lockFile(root, env),
    async () => {
      if (!(await runnable(binary))) await install(`${name}@${version}`, folder, env, signal)
    },
    { signal },
  )
  return binary
}

/**
 * @param {string} root
 * @returns {Promise<[name: string, version: string]>}
 */
async function packageFor(root) {
  const { nodes } = JSON.parse(await readFile(path.join(root, 'package.json'), 'utf8'))
  const platform = process.platform === 'win32' ? 'win' : process.platform
  const found = Object.entries(nodes ?? {}).find(([name]) => new RegExp(`^node-(bin-)?${platform}-${process.arch}$`).test(name))
  if (found) return /** @type {[string, string]} */ (found)
  throw new SetupError(
    'NODE_NOT_FOUND',
    `npm has no Node ${NODE_MAJOR} for ${process.platform}-${process.arch}, and this is Node ${process.versions.node}`,
    `install Node ${NODE_MAJOR} or newer from https://nodejs.org, then try again`,
  )
}

/**
 * @param {string} wanted
 * @param {string} folder
 * @param {NodeJS.ProcessEnv} env
 * @param {AbortSignal | undefined} signal
 */
async function install(wanted, folder, env, signal) {
  await mkdir(path.dirname(folder), { recursive: true })
  const draft = await mkdtemp(`${folder}.tmp.`)
  try {
    await writeFile(path.join(draft, 'package.json'), '{ "private": true }\n')
    const what = `this is Node ${process.versions.node}: getting Node ${NODE_MAJOR} for ourselves (once, about 60 MB)`
    const { ok, lines } = await step(what, async () => {
      const npm = npmCommand(env)
      const quiet = ['--no-audit', '--no-fund', '--no-update-notifier', '--loglevel=error', '--global=false']
      return await run(npm.command, [...npm.args, 'install', ...quiet, '--prefix', draft, wanted], { cwd: draft, env, signal })
    })
    if (!ok)
      throw new SetupError(
        'NODE_NOT_FOUND',
        `Node ${NODE_MAJOR} is needed, this is ${process.versions.node}, and npm could not get it: ${lines.at(-1) ?? 'it said nothing'}`,
        `install Node ${NODE_MAJOR} or newer from https://nodejs.org, then try again`,
      )
    await rm(folder, { recursive: true, force: true })
    await rename(draft, folder)
  } finally {
    await rm(draft, { recursive: true, force: true })
  }
}
