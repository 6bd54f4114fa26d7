// Where k6 is. It is a program of its own (AGPL-3.0) that we start and never carry along. In this order: the one given, K6_BIN,
// the one that set-up put into .tools, PATH.
import { execFile } from 'node:child_process'
import { access, constants } from 'node:fs/promises'
import path from 'node:path'
import { promisify } from 'node:util'
import { HarnessError } from '../../errors.ts'

const run = promisify(execFile)

/** The version that tools/k6/go.mod pins and set-up builds. */
export const K6_VERSION = '2.2.0'
const MAJOR = 2
const VERSION_WITHIN_MS = 10_000
const EXECUTABLE = process.platform === 'win32' ? 'k6.exe' : 'k6'

export interface FindK6Options {
  /** `--k6` */
  given?: string
  env: Record<string, string | undefined>
  /** The project's folder: `.tools` lies in it. */
  root: string
}

/** @throws HarnessError `K6_NOT_FOUND`, `K6_WRONG_VERSION` */
export async function findK6({ given, env, root }: FindK6Options): Promise<{ path: string; version: string }> {
  const asked = given ?? env.K6_BIN
  if (asked !== undefined && asked !== '') {
    const file = path.resolve(asked)
    if (!(await isExecutable(file)))
      throw notFound(`there is no k6 at ${JSON.stringify(asked)} (${given === undefined ? 'K6_BIN' : '--k6'})`)
    return { path: file, version: await versionOf(file) }
  }
  const folders = (env.PATH ?? '').split(path.delimiter).filter((folder) => folder !== '')
  const candidates = [path.join(root, '.tools', `k6-${K6_VERSION}`), ...folders.map((folder) => path.join(folder, EXECUTABLE))]
  for (const file of candidates) {
    if (await isExecutable(file)) return { path: file, version: await versionOf(file) }
  }
  throw notFound('k6 is not on this machine')
}

async function isExecutable(file: string): Promise<boolean> {
  return access(file, constants.X_OK).then(
    () => true,
    () => false,
  )
}

/** `k6 v2.2.0 (go1.26, linux/amd64)` → `2.2.0` */
async function versionOf(file: string): Promise<string> {
  const said = await run(file, ['version'], { timeout: VERSION_WITHIN_MS }).then(
    ({ stdout }) => stdout,
    (error: unknown) => {
      throw notFound(`${file} does not answer to \`version\``, error)
    },
  )
  const [, version] = /\bv?(\d+\.\d+\.\d+\S*)/.exec(said) ?? []
  if (version !== undefined && Number.parseInt(version, 10) === MAJOR) return version
  throw new HarnessError(
    'K6_WRONG_VERSION',
    `${file} is k6 ${version ?? JSON.stringify(said.trim())}; this needs ${MAJOR}.x`,
    `use another one with --k6 <path> or K6_BIN, or take it off the PATH and run \`node setup.mjs\`, which builds ${K6_VERSION}`,
  )
}

function notFound(message: string, cause?: unknown): HarnessError {
  const hint = [
    'with Go installed, `node setup.mjs` builds it (macOS: brew install go; Debian: apt-get install golang)',
    'or install k6 2.x (macOS: brew install k6; GitHub Actions: grafana/setup-k6-action; others: the release archive of your system)',
    'or say where it is: --k6 <path>, or K6_BIN=<path>',
  ]
  return new HarnessError('K6_NOT_FOUND', message, hint.join('\n'), cause)
}
