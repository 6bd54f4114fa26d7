// redis-server out of Debian's and Ubuntu's packages: downloaded and unpacked, not installed, so that no service starts
// and no administrator is needed. Package lists that are missing are fetched into the folder too.
import { chmod, mkdir, readdir, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { run, which } from './run.mjs'
import { step } from './words.mjs'

// Finds the libraries that came along, wherever this folder lies.
const WRAPPER = `#!/bin/sh
here=$(cd "$(dirname "$0")" && pwd)
for folder in "$here"/redis-root/usr/lib/*-linux-* "$here"/redis-root/lib/*-linux-*; do
  [ -d "$folder" ] && LD_LIBRARY_PATH="$folder\${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"
done
export LD_LIBRARY_PATH
exec "$here/redis-root/usr/bin/redis-server" "$@"
`

/**
 * @param {{ draft: string, env: NodeJS.ProcessEnv, signal?: AbortSignal | undefined }} options
 * @returns {Promise<string | undefined>} why it could not be had
 */
export async function fromDebian({ draft, env, signal }) {
  for (const program of ['apt-get', 'dpkg-deb']) {
    if (!(await which(program, env))) return `no Debian package: there is no ${program} here`
  }
  return await step('fetching redis-server from the Debian packages (once, a few seconds)', async (report) => {
    const options = { cwd: draft, env: { ...env, LC_ALL: 'C' }, signal, timeoutMs: 180_000 }
    const ownLists = await ownListOptions(draft)
    for (const lists of [[], ownLists]) {
      if (lists.length > 0) {
        report('fetching package lists')
        await run('apt-get', [...lists, 'update'], options)
      }
      const packages = await neededPackages(lists, options)
      report(`fetching ${packages.length} packages`)
      const { ok } = await run('apt-get', [...lists, 'download', ...packages], options)
      if (ok) return await unpack(draft, options)
    }
    return 'apt-get could not download redis-server'
  })
}

/** @param {string} draft */
async function ownListOptions(draft) {
  const lists = path.join(draft, 'apt', 'lists')
  const cache = path.join(draft, 'apt', 'cache')
  await mkdir(path.join(lists, 'partial'), { recursive: true })
  await mkdir(path.join(cache, 'archives', 'partial'), { recursive: true })
  return ['-o', `Dir::State::lists=${lists}`, '-o', `Dir::Cache=${cache}`, '-o', 'Debug::NoLocking=1', '-o', 'APT::Sandbox::User=root']
}

/**
 * redis-server, its tools and every library that apt would install with them.
 * @param {readonly string[]} lists
 * @param {import('./run.mjs').Options} options
 */
async function neededPackages(lists, options) {
  /** @type {string[]} */
  const lines = []
  const args = [...lists, '--simulate', '--no-install-recommends', 'install', 'redis-server']
  await run('apt-get', args, { ...options, onLine: (line) => lines.push(line) })
  return ['redis-server', 'redis-tools', ...librariesIn(lines)]
}

/** @param {readonly string[]} lines what `apt-get --simulate install` prints: "Inst libjemalloc2 (5.3.0-1 …)" */
export function librariesIn(lines) {
  return lines.flatMap((line) => /^Inst (lib\S+)/.exec(line)?.[1] ?? []).filter((name) => !name.startsWith('libc6'))
}

/**
 * @param {string} draft
 * @param {import('./run.mjs').Options} options
 * @returns {Promise<string | undefined>}
 */
async function unpack(draft, options) {
  for (const file of (await readdir(draft)).filter((name) => name.endsWith('.deb'))) {
    const { ok, lines } = await run('dpkg-deb', ['-x', file, 'redis-root'], options)
    if (!ok) return `${file} could not be unpacked (${lines.at(-1) ?? 'dpkg-deb said nothing'})`
    await rm(path.join(draft, file))
  }
  await rm(path.join(draft, 'apt'), { recursive: true, force: true })
  const wrapper = path.join(draft, 'redis-server')
  await writeFile(wrapper, WRAPPER)
  await chmod(wrapper, 0o755)
  return undefined
}
