// Peers of the generator that are not in the project: found on PATH, or installed into a folder of the machine's temporary directory by
// their registries' own clients. What cannot be had is named as missing.
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)
const INSTALL_WITHIN_MS = 600_000
const FOLDER = path.join(os.tmpdir(), 'stampede-peers')

/** Its path, or why it is missing. */
export type Peer = { path: string } | { missing: string }

export async function wrk(): Promise<Peer> {
  return await run('wrk', ['-v']).then(
    () => ({ path: 'wrk' }),
    (error: { code?: unknown }) => (error.code === 'ENOENT' ? { missing: 'apt-get install wrk' } : { path: 'wrk' }),
  )
}

export async function locust(): Promise<Peer> {
  const home = path.join(FOLDER, 'locust')
  const program = path.join(home, 'bin/locust')
  if (existsSync(program)) return { path: program }
  return await installed(program, async () => {
    await mkdir(FOLDER, { recursive: true })
    await run('python3', ['-m', 'venv', home], { timeout: INSTALL_WITHIN_MS })
    await run(path.join(home, 'bin/pip'), ['install', '--quiet', 'locust'], { timeout: INSTALL_WITHIN_MS })
  })
}

export async function artillery(): Promise<Peer> {
  const home = path.join(FOLDER, 'artillery')
  const program = path.join(home, 'node_modules/.bin/artillery')
  if (existsSync(program)) return { path: program }
  return await installed(program, async () => {
    await mkdir(home, { recursive: true })
    await writeFile(path.join(home, 'package.json'), '{"private":true}')
    const quiet = ['--no-audit', '--no-fund', '--ignore-scripts']
    await run('npm', ['install', ...quiet, 'artillery'], { cwd: home, timeout: INSTALL_WITHIN_MS })
  })
}

async function installed(program: string, install: () => Promise<void>): Promise<Peer> {
  try {
    await install()
    return { path: program }
  } catch (error) {
    return { missing: ((error as { stderr?: string }).stderr ?? String(error)).trim().split('\n').slice(-1)[0] ?? 'not to be had' }
  }
}
