// redis-server out of Debian's and Ubuntu's packages: downloaded and unpacked, not installed, so that no service starts
// and no administrator is needed.
import { chmod, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { download, unpack } from './debian.mjs'
import { run } from './run.mjs'
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
  return await step('fetching redis-server from the Debian packages (once, a few seconds)', async (report) => {
    const problem =
      (await download({ draft, env, signal, report, packagesOf: neededPackages })) ?? (await unpack(draft, 'redis-root', { env, signal }))
    if (problem !== undefined) return problem
    const wrapper = path.join(draft, 'redis-server')
    await writeFile(wrapper, WRAPPER)
    await chmod(wrapper, 0o755)
    return undefined
  })
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
