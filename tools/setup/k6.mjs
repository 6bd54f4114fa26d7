// k6, the load generator: the one named, the one built here before, the one on PATH; else it is built with Go from the
// module in tools/k6, or else its official archive is fetched. It is always a program of its own, never bundled.
import { mkdir, readFile, rename, rm } from 'node:fs/promises'
import path from 'node:path'
import { archiveName, fetchK6 } from './k6-archive.mjs'
import { run, runnable, which } from './run.mjs'
import { toolsFolder } from './tools-folder.mjs'
import { SetupError, say, step } from './words.mjs'

const K6_VERSION = '2.2.0'
const GO_NEEDED = [1, 26]

/**
 * @typedef {object} Options
 * @property {string} root the project's folder
 * @property {NodeJS.ProcessEnv} env
 * @property {string | undefined} [given] what `--k6` said; default the environment's K6_BIN
 * @property {AbortSignal | undefined} [signal]
 */

/**
 * The k6 to use, when there is one already.
 * @param {Options} options
 * @returns {Promise<string | undefined>} its path
 */
export async function findK6({ root, env, given = env.K6_BIN, signal }) {
  if (given) return await checkedK6(given, signal)
  const built = builtPath(root)
  if (await runnable(built)) return built
  const onPath = await which('k6', env)
  if (!onPath) return undefined
  const version = await versionOf(onPath, signal)
  if (version && fits(version)) return onPath
  say(`set-up: ${onPath} is k6 ${version ?? 'of no known version'}; k6 2 is needed, so set-up gets one of its own`)
  return undefined
}

/**
 * @param {Options} options
 * @returns {Promise<string>} its path
 */
export async function makeK6({ root, env, signal }) {
  const target = builtPath(root)
  // Beside its place, so that the rename is one step; a fixed name would be half-written by two at once.
  const draft = `${target}.${process.pid}.tmp`
  const ways = [
    () => build(root, env, draft, signal),
    async () => fetchK6({ env, draft, version: K6_VERSION, checksums: await readFile(checksumFile(root), 'utf8'), signal }),
  ]
  const reasons = []
  await mkdir(path.dirname(target), { recursive: true })
  try {
    for (const way of ways) {
      const problem = await way()
      if (problem === undefined) {
        await rename(draft, target)
        return target
      }
      say(`set-up: ${problem}`)
      reasons.push(problem)
    }
  } finally {
    await rm(draft, { force: true })
  }
  throw new SetupError('K6_NOT_FOUND', `there is no k6 and it could not be got: ${reasons.join('; ')}`, howToGetK6())
}

/** @param {string} root */
function builtPath(root) {
  return path.join(toolsFolder(root), `k6-${K6_VERSION}${process.platform === 'win32' ? '.exe' : ''}`)
}

/** @param {string} root */
function checksumFile(root) {
  return path.join(root, 'tools', 'k6', 'checksums.txt')
}

/**
 * @param {string} given
 * @param {AbortSignal | undefined} [signal]
 */
async function checkedK6(given, signal) {
  if (!(await runnable(given)))
    throw new SetupError(
      'K6_NOT_FOUND',
      `there is no program at ${JSON.stringify(given)}`,
      'name the k6 binary: K6_BIN=/path/to/k6, or leave it out',
    )
  const version = await versionOf(given, signal)
  if (version && fits(version)) return path.resolve(given)
  throw new SetupError(
    'K6_WRONG_VERSION',
    `${given} is k6 ${version ?? 'of no known version'}; 2.0 or newer and below 3 is needed`,
    `leave K6_BIN and --k6 out, and k6 ${K6_VERSION} is set up by itself`,
  )
}

/**
 * @param {string} file
 * @param {AbortSignal | undefined} [signal]
 * @returns {Promise<string | undefined>} "2.2.0"
 */
export async function versionOf(file, signal) {
  const { lines } = await run(file, ['version'], { timeoutMs: 20_000, signal })
  return k6Version(lines.join('\n'))
}

/**
 * @param {string} words what `k6 version` prints: `k6-2.2.0 v2.2.0 (go1.26, linux/amd64)`, the program by its own name
 * @returns {string | undefined} "2.2.0"
 */
export function k6Version(words) {
  return /\bk6\S* v(\d+\.\d+\.\d+)/.exec(words)?.[1]
}

/** @param {string} version */
export function fits(version) {
  return version.startsWith('2.')
}

/**
 * @param {string} root
 * @param {NodeJS.ProcessEnv} env
 * @param {string} draft
 * @param {AbortSignal | undefined} [signal]
 * @returns {Promise<string | undefined>} why it could not be built
 */
async function build(root, env, draft, signal) {
  const go = await which('go', env)
  if (!go) return 'there is no Go here'
  // GOTOOLCHAIN=local: an older Go would go and fetch a newer one unasked.
  const goEnv = { ...env, GOTOOLCHAIN: 'local', CGO_ENABLED: '0', GOWORK: 'off' }
  const { lines } = await run(go, ['env', 'GOVERSION'], { env: goEnv, timeoutMs: 20_000, signal })
  const version = lines.at(-1) ?? ''
  if (!goFits(version)) return `Go ${GO_NEEDED.join('.')} is needed and this is ${version || 'of no known version'}`
  return await step(`building k6 ${K6_VERSION} (once, about a minute)`, async (report) => {
    const progress = buildProgress(report)
    const args = ['build', '-v', '-mod=readonly', '-buildvcs=false', '-trimpath', '-ldflags', '-s -w', '-o', draft, 'go.k6.io/k6/v2']
    const result = await run(go, args, { cwd: path.join(root, 'tools', 'k6'), env: goEnv, signal, onLine: progress })
    return result.ok ? undefined : `Go could not build it (${result.lines.at(-1) ?? 'without a word'})`
  })
}

/**
 * @param {string} version "go1.26.8"
 */
export function goFits(version) {
  const [, major = '0', minor = '0'] = /^go(\d+)\.(\d+)/.exec(version) ?? []
  const [neededMajor = 0, neededMinor = 0] = GO_NEEDED
  return Number(major) > neededMajor || (Number(major) === neededMajor && Number(minor) >= neededMinor)
}

/**
 * Turns the lines of `go build -v` into "73 modules downloaded, 412 packages compiled".
 * @param {(state: string) => void} report
 */
export function buildProgress(report) {
  let modules = 0
  let packages = 0
  return (/** @type {string} */ line) => {
    if (line.startsWith('go: downloading ')) modules++
    else if (/^[\w.~-]+(\/[\w.~-]+)*$/.test(line)) packages++
    report(`${modules > 0 ? `${modules} modules downloaded, ` : ''}${packages} packages compiled`)
  }
}

function howToGetK6() {
  const ways = {
    darwin: 'brew install k6',
    win32: 'winget install k6 --source winget',
    linux: `install Go ${GO_NEEDED.join('.')} or newer from https://go.dev/dl and try again`,
  }
  const here = ways[/** @type {keyof typeof ways} */ (process.platform)] ?? ways.linux
  return [
    here,
    `or unpack ${archiveName(K6_VERSION) ?? 'a release'} from https://github.com/grafana/k6/releases/tag/v${K6_VERSION} and set K6_BIN=/path/to/k6`,
    'or in GitHub Actions: uses: grafana/setup-k6-action@v1',
    `or with Docker: docker create --name k6 grafana/k6:${K6_VERSION} && docker cp k6:/usr/bin/k6 .tools/k6-${K6_VERSION} && docker rm k6`,
  ].join('\n  ')
}
