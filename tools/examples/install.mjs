// node tools/examples/install.mjs [dbhub] [everything] …: gets public servers from their registries, pinned (packages.mjs), for the example
// targets in scenarios/targets/examples. Without names: all of them.
//
// Each has a folder of its own, .tools/examples/<name>, with npm's packages in node_modules and pip's in python (for PYTHONPATH). The
// project's own packages are not touched. What is there is left as it is; what was interrupted is begun again.
import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { locked } from '../setup/lock.mjs'
import { run, which } from '../setup/run.mjs'
import { SetupError, say, step } from '../setup/words.mjs'
import { EXAMPLES } from './packages.mjs'

const ROOT = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..', '..')
const FOLDER = path.join(ROOT, '.tools', 'examples')
const INSTALL_MS = 600_000

/** @typedef {import('./packages.mjs').Example} Example */

/**
 * @param {string} name a key of EXAMPLES
 * @param {{ signal?: AbortSignal | undefined }} [options]
 */
export async function ensureExample(name, { signal } = {}) {
  /** @type {Record<string, Example>} */
  const known = EXAMPLES
  const example = known[name]
  if (!example)
    throw new SetupError('UNKNOWN_EXAMPLE', `there is no example ${JSON.stringify(name)}`, `there are: ${Object.keys(EXAMPLES).join(', ')}`)
  if (await isInstalled(name, example)) return
  await mkdir(FOLDER, { recursive: true })
  await locked(
    path.join(FOLDER, `.${name}.lock`),
    async () => {
      if (!(await isInstalled(name, example))) await install(name, example, signal)
    },
    { signal },
  )
}

/**
 * @param {string} name
 * @param {Example} example
 */
async function isInstalled(name, example) {
  const text = await readFile(path.join(FOLDER, name, 'installed.json'), 'utf8').catch(() => '')
  return text === JSON.stringify(example)
}

/**
 * @param {string} name
 * @param {Example} example
 * @param {AbortSignal | undefined} signal
 */
async function install(name, example, signal) {
  const draft = await mkdtemp(path.join(FOLDER, `${name}.tmp.`))
  const { npm = [], npmOptions = [], pip = [] } = example
  try {
    await step(`installing ${[...npm, ...pip].join(', ')} for the example ${name} (once)`, async () => {
      if (npm.length > 0) {
        await writeFile(path.join(draft, 'package.json'), '{ "private": true }\n')
        const quiet = ['--no-audit', '--no-fund', '--no-update-notifier', '--loglevel=error']
        await must('npm', ['install', ...quiet, ...npmOptions, '--prefix', draft, ...npm], draft, signal)
      }
      if (pip.length > 0) {
        const quiet = ['--no-input', '--disable-pip-version-check', '--quiet']
        await must(await python(), ['-m', 'pip', 'install', ...quiet, '--target', path.join(draft, 'python'), ...pip], draft, signal)
      }
    })
    await writeFile(path.join(draft, 'installed.json'), JSON.stringify(example))
    await rm(path.join(FOLDER, name), { recursive: true, force: true })
    await rename(draft, path.join(FOLDER, name))
  } finally {
    await rm(draft, { recursive: true, force: true })
  }
}

/**
 * @param {string} program
 * @param {readonly string[]} args
 * @param {string} cwd
 * @param {AbortSignal | undefined} signal
 */
async function must(program, args, cwd, signal) {
  const { ok, lines } = await run(program, args, { cwd, signal, timeoutMs: INSTALL_MS })
  if (!ok) throw new SetupError('EXAMPLE_NOT_INSTALLED', `${program} could not install it:\n  ${lines.slice(-8).join('\n  ')}`, 'try again')
}

async function python() {
  const found = (await which('python3', process.env)) ?? (await which('python', process.env))
  if (found) return found
  throw new SetupError('PYTHON_NOT_FOUND', 'there is no Python on PATH', 'sudo apt-get install python3 python3-pip')
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const wanted = process.argv.length > 2 ? process.argv.slice(2) : Object.keys(EXAMPLES)
  for (const name of wanted) {
    try {
      await ensureExample(name)
      say(`${name} is there`)
    } catch (error) {
      if (!(error instanceof SetupError)) throw error
      say(`\n${name}: ${error.code}: ${error.message}\n  ${error.hint}\n`)
      process.exitCode = 1
    }
  }
}
