// Programs that only tests need: promtool (alert rules), Chromium (the report), a Docker engine (containers), ip (network namespaces).
// The one on PATH is used. Else promtool is unpacked into .tools/, the others are installed by root, with no service started.
// Elsewhere the message says what to type.
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises'
import path from 'node:path'
import { download, install, unpack } from './debian.mjs'
import { runnable, which } from './run.mjs'
import { SetupError, step } from './words.mjs'

/**
 * @typedef {{ program: string, package: string, brew: string, alone?: string }} Program `alone`:
 * where the package holds it, when it runs without being installed
 */

/** @satisfies {Record<string, Program>} */
export const PROGRAMS = {
  promtool: { program: 'promtool', package: 'prometheus', brew: 'prometheus', alone: 'usr/bin/promtool' },
  chromium: { program: 'chromium', package: 'chromium', brew: '--cask chromium' },
  ip: { program: 'ip', package: 'iproute2', brew: 'iproute2mac' },
  docker: { program: 'dockerd', package: 'docker.io', brew: 'colima docker' },
}

/**
 * @param {{ root: string, env: NodeJS.ProcessEnv }} where
 * @param {Program} wanted
 * @returns {Promise<string | undefined>} its path, when it is there already
 */
export async function findProgram({ root, env }, { program }) {
  const fetched = path.join(root, '.tools', program)
  if (await runnable(fetched)) return fetched
  return await which(program, { ...env, PATH: [env.PATH, '/usr/sbin'].join(path.delimiter) })
}

/**
 * @param {{ root: string, env: NodeJS.ProcessEnv, signal?: AbortSignal | undefined }} options
 * @param {Program} wanted
 * @returns {Promise<string>} its path
 */
export async function makeProgram({ root, env, signal }, wanted) {
  const problem = await step(`fetching ${wanted.program} from the Debian packages (once)`, (report) =>
    wanted.alone === undefined ? install([wanted.package], { env, signal, report }) : fetchAlone({ root, env, signal, report }, wanted),
  )
  const found = await findProgram({ root, env }, wanted)
  if (found !== undefined) return found
  const hint = process.platform === 'darwin' ? `brew install ${wanted.brew}` : `sudo apt-get install ${wanted.package}`
  throw new SetupError(
    'PROGRAM_NOT_FOUND',
    `there is no ${wanted.program} and it could not be got: ${problem ?? 'it is not in the package'}`,
    hint,
  )
}

/**
 * @param {{ root: string, env: NodeJS.ProcessEnv, signal?: AbortSignal | undefined, report: (text: string) => void }} options
 * @param {Program} wanted
 */
async function fetchAlone({ root, env, signal, report }, wanted) {
  const tools = path.join(root, '.tools')
  await mkdir(tools, { recursive: true })
  const draft = await mkdtemp(path.join(tools, `${wanted.program}.tmp.`))
  try {
    const packagesOf = () => Promise.resolve([wanted.package])
    const problem = (await download({ draft, env, signal, report, packagesOf })) ?? (await unpack(draft, 'root', { env, signal }))
    if (problem === undefined) await rename(path.join(draft, 'root', wanted.alone ?? ''), path.join(tools, wanted.program))
    return problem
  } finally {
    await rm(draft, { recursive: true, force: true })
  }
}
