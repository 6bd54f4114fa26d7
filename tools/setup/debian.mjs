// Debian's and Ubuntu's packages: downloaded into a folder without an administrator, or installed by one with every
// service kept from starting. Package lists that are missing are fetched into the folder, or brought up to date.
import { access, chmod, mkdir, readdir, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { run, which } from './run.mjs'

/** Asked by Debian's install scripts before they start a service; 101 says no. */
const POLICY = '/usr/sbin/policy-rc.d'

/**
 * @typedef {object} Options
 * @property {string} draft a folder that may be filled
 * @property {NodeJS.ProcessEnv} env
 * @property {AbortSignal | undefined} [signal]
 */

/**
 * Leaves the packages' files (`*.deb`) in the folder.
 * @param {Options & { report: (text: string) => void, packagesOf: (lists: readonly string[],
 * options: import('./run.mjs').Options) => Promise<string[]> }} options
 *   `packagesOf`: which ones, asked again when lists had to be fetched; `lists` are options for apt-get
 * @returns {Promise<string | undefined>} why they could not be had
 */
export async function download({ draft, env, signal, report, packagesOf }) {
  for (const program of ['apt-get', 'dpkg-deb']) {
    if (!(await which(program, env))) return `no Debian package: there is no ${program} here`
  }
  const options = { cwd: draft, env: { ...env, LC_ALL: 'C' }, signal, timeoutMs: 180_000 }
  const ownLists = await ownListOptions(draft)
  for (const lists of [[], ownLists]) {
    if (lists.length > 0) {
      report('fetching package lists')
      await run('apt-get', [...lists, 'update'], options)
    }
    const packages = await packagesOf(lists, options)
    report(`fetching ${packages.length} packages`)
    const { ok } = await run('apt-get', [...lists, 'download', ...packages], options)
    if (ok) return undefined
  }
  return 'apt-get could not download them'
}

/**
 * Unpacks every `*.deb` of the folder into `<draft>/<into>`, and removes the packages.
 * @param {string} draft
 * @param {string} into
 * @param {import('./run.mjs').Options} options
 * @returns {Promise<string | undefined>} what went wrong
 */
export async function unpack(draft, into, options) {
  for (const file of (await readdir(draft)).filter((name) => name.endsWith('.deb'))) {
    const { ok, lines } = await run('dpkg-deb', ['-x', file, into], { ...options, cwd: draft })
    if (!ok) return `${file} could not be unpacked (${lines.at(-1) ?? 'dpkg-deb said nothing'})`
    await rm(path.join(draft, file))
  }
  await rm(path.join(draft, 'apt'), { recursive: true, force: true })
  return undefined
}

/**
 * Installs packages on this machine; for root only.
 * @param {readonly string[]} packages
 * @param {{ env: NodeJS.ProcessEnv, signal?: AbortSignal | undefined, report: (text: string) => void }} options
 * @returns {Promise<string | undefined>} why it could not be done
 */
export async function install(packages, { env, signal, report }) {
  if (!(await which('apt-get', env))) return 'there is no apt-get here'
  if (process.getuid?.() !== 0) return 'only root may install packages'
  const options = { env: { ...env, LC_ALL: 'C', DEBIAN_FRONTEND: 'noninteractive' }, signal, timeoutMs: 600_000 }
  const args = ['install', '--yes', '--no-install-recommends', ...packages]
  const ourPolicy = await keepServicesOff()
  try {
    report('installing')
    if ((await run('apt-get', args, options)).ok) return undefined
    report('fetching package lists')
    await run('apt-get', ['update'], options)
    report('installing')
    const { ok, lines } = await run('apt-get', args, options)
    return ok ? undefined : `apt-get could not install ${packages.join(', ')} (${lines.at(-1) ?? 'it said nothing'})`
  } finally {
    if (ourPolicy) await rm(POLICY, { force: true })
  }
}

/** @returns {Promise<boolean>} whether the file is ours to remove */
async function keepServicesOff() {
  const there = await access(POLICY).then(
    () => true,
    () => false,
  )
  if (there) return false
  await writeFile(POLICY, '#!/bin/sh\nexit 101\n')
  await chmod(POLICY, 0o755)
  return true
}

/** @param {string} draft */
async function ownListOptions(draft) {
  const lists = path.join(draft, 'apt', 'lists')
  const cache = path.join(draft, 'apt', 'cache')
  await mkdir(path.join(lists, 'partial'), { recursive: true })
  await mkdir(path.join(cache, 'archives', 'partial'), { recursive: true })
  return ['-o', `Dir::State::lists=${lists}`, '-o', `Dir::Cache=${cache}`, '-o', 'Debug::NoLocking=1', '-o', 'APT::Sandbox::User=root']
}
