// The npm packages, and Node 24 among them: whatever Node started us, everything else runs on that one.
import { existsSync } from 'node:fs'
import { chmod, mkdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { run, runnable } from './run.mjs'
import { SetupError, step } from './words.mjs'

export const NODE_MAJOR = 24

/**
 * @param {{ root: string }} options
 * @returns {Promise<string | undefined>} why `npm ci` is needed; undefined when everything is there
 */
export async function stalePackages({ root }) {
  const wanted = await readPackages(path.join(root, 'package-lock.json'))
  if (!wanted) throw new SetupError('LOCKFILE_MISSING', `${root} has no readable package-lock.json`, 'git checkout package-lock.json')
  const installed = await readPackages(path.join(root, 'node_modules', '.package-lock.json'))
  if (!installed) return 'node_modules is missing or unfinished'
  return firstDifference(wanted, installed, (place) => existsSync(path.join(root, place)))
}

/** @typedef {{ version?: string, integrity?: string, optional?: boolean, link?: boolean }} Package */

/**
 * @param {string} file
 * @returns {Promise<Record<string, Package> | undefined>}
 */
async function readPackages(file) {
  try {
    return JSON.parse(await readFile(file, 'utf8')).packages
  } catch {
    return undefined
  }
}

/**
 * Optional packages of other platforms are rightly absent; anything else must be there, at the same version.
 * @param {Record<string, Package>} wanted
 * @param {Record<string, Package>} installed
 * @param {(place: string) => boolean} exists
 * @returns {string | undefined} in words
 */
export function firstDifference(wanted, installed, exists) {
  for (const [place, { version, integrity, optional }] of Object.entries(wanted)) {
    if (place === '') continue
    const there = installed[place]
    if (!there) {
      if (optional) continue
      return `${place} is missing`
    }
    if (there.version !== version || there.integrity !== integrity) return `${place} is ${there.version}, not ${version}`
    if (!exists(place)) return `${place} has gone`
  }
  const extra = Object.keys(installed).find((place) => !(place in wanted))
  return extra === undefined ? undefined : `${extra} is no longer wanted`
}

/** @param {{ root: string, env: NodeJS.ProcessEnv, signal?: AbortSignal | undefined }} options */
export async function installPackages({ root, env, signal }) {
  const args = ['ci', '--loglevel=error', '--no-audit', '--no-fund', '--include=dev', '--include=optional']
  const result = await step('installing npm packages (once, about 15 s on a fast line)', async () => {
    const npm = npmCommand(env)
    return await run(npm.command, [...npm.args, ...args], { cwd: root, env, signal })
  })
  if (result.ok) return
  const words = result.lines.map((line) => `  ${line}`).join('\n')
  throw new SetupError('NPM_CI_FAILED', `npm ci failed:\n${words}`, 'mend what npm names (often the network or a proxy), then: npm ci')
}

/**
 * The npm that started us, or the one on PATH.
 * @param {NodeJS.ProcessEnv} env
 */
export function npmCommand(env) {
  const started = env.npm_execpath
  if (started?.endsWith('npm-cli.js')) return { command: process.execPath, args: [started] }
  const beside = path.join(path.dirname(process.execPath), 'node_modules', 'npm', 'bin', 'npm-cli.js')
  return existsSync(beside) ? { command: process.execPath, args: [beside] } : { command: 'npm', args: [] }
}

/**
 * npm 10 leaves no `node_modules/.bin/node`; without it npm scripts would run on the system's Node.
 * @param {{ root: string, signal?: AbortSignal | undefined }} options
 */
export async function linkNode({ root, signal }) {
  const bin = path.join(root, 'node_modules', '.bin')
  const windows = process.platform === 'win32'
  const place = path.join(bin, windows ? 'node.cmd' : 'node')
  if (await runnable(place)) return
  const binary = [`node-${windows ? 'win' : process.platform}-${process.arch}`, `node-bin-${process.platform}-${process.arch}`]
    .map((name) => path.join(root, 'node_modules', name, 'bin', windows ? 'node.exe' : 'node'))
    .find((file) => existsSync(file))
  if (!binary) {
    if (Number(process.versions.node.split('.')[0]) >= NODE_MAJOR) return
    throw new SetupError(
      'NODE_NOT_FOUND',
      `npm has no Node ${NODE_MAJOR} for ${process.platform}-${process.arch}, and this is Node ${process.versions.node}`,
      `install Node ${NODE_MAJOR} or newer from https://nodejs.org, then try again`,
    )
  }
  await chmod(binary, 0o755)
  const { ok, lines } = await run(binary, ['--version'], { timeoutMs: 20_000, signal })
  if (!ok) {
    const said = lines.at(-1) ?? 'it said nothing'
    throw new SetupError(
      'NODE_NOT_FOUND',
      `${binary} does not run here: ${said}`,
      `install Node ${NODE_MAJOR} or newer from https://nodejs.org, then: rm -r ${path.dirname(path.dirname(binary))}`,
    )
  }
  await mkdir(bin, { recursive: true })
  await rm(place, { force: true })
  if (windows) await writeFile(place, `@"${binary}" %*\r\n`)
  else await symlink(path.relative(bin, binary), place)
}
