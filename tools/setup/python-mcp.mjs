// The Python package `mcp`, for the tests that talk to the reference server as a Python host does: installed by pip into
// .tools/python-mcp, a folder for PYTHONPATH. Nothing outside this folder is changed, and no virtual environment is needed.
// Its wheels are made for one version of Python, so another version on PATH means another folder.
import { access, mkdir, mkdtemp, rename, rm } from 'node:fs/promises'
import path from 'node:path'
import { run, which } from './run.mjs'
import { SetupError, step } from './words.mjs'

const VERSION = '2.3.0'

/**
 * @typedef {object} Options
 * @property {string} root the project's folder
 * @property {NodeJS.ProcessEnv} env
 * @property {AbortSignal | undefined} [signal]
 */

/**
 * @param {Options} options
 * @returns {Promise<string | undefined>} the folder, when it is there already
 */
export async function findPythonMcp({ root, env, signal }) {
  const python = await pythonOn(env, signal)
  const folder = python && folderFor(root, python.version)
  if (!folder) return undefined
  return await access(folder).then(
    () => folder,
    () => undefined,
  )
}

/**
 * @param {Options} options
 * @returns {Promise<string>} the folder
 */
export async function makePythonMcp({ root, env, signal }) {
  const python = await pythonOn(env, signal)
  if (!python)
    throw new SetupError('PYTHON_NOT_FOUND', 'there is no Python 3.10 or later on PATH', 'sudo apt-get install python3 python3-pip')
  const folder = folderFor(root, python.version)
  await mkdir(path.dirname(folder), { recursive: true })
  const draft = await mkdtemp(path.join(root, '.tools', 'python-mcp.tmp.'))
  try {
    await step(`installing the Python package mcp ${VERSION} (once, about 20 seconds)`, async () => {
      const wanted = ['--no-input', '--disable-pip-version-check', '--quiet', '--target', draft, `mcp==${VERSION}`]
      const { ok, lines } = await run(python.program, ['-m', 'pip', 'install', ...wanted], { env, signal, timeoutMs: 300_000 })
      if (!ok)
        throw new SetupError(
          'PYTHON_MCP_NOT_INSTALLED',
          `pip could not install mcp: ${lines.at(-1) ?? 'it said nothing'}`,
          'python3 -m pip --version',
        )
    })
    await rename(draft, folder)
    return folder
  } finally {
    await rm(draft, { recursive: true, force: true })
  }
}

/**
 * @param {string} root
 * @param {string} python its version
 */
function folderFor(root, python) {
  return path.join(root, '.tools', 'python-mcp', `${VERSION}-py${python}`)
}

/**
 * @param {NodeJS.ProcessEnv} env
 * @param {AbortSignal | undefined} signal
 * @returns {Promise<{ program: string, version: string } | undefined>}
 */
async function pythonOn(env, signal) {
  for (const name of ['python3', 'python']) {
    const program = await which(name, env)
    if (!program) continue
    const asked = 'import sys; print(f"{sys.version_info[0]}.{sys.version_info[1]}")'
    const { ok, lines } = await run(program, ['-c', asked], { env, signal, timeoutMs: 20_000 })
    const [major = 0, minor = 0] = (lines.at(-1) ?? '').split('.').map(Number)
    if (ok && major === 3 && minor >= 10) return { program, version: `${major}.${minor}` }
  }
  return undefined
}
