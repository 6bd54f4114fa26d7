// The official k6 archive: fetched with progress, compared with the checksum in the repository, unpacked.
import { createHash } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { chmod, mkdtemp, rename, rm } from 'node:fs/promises'
import path from 'node:path'
import { Readable, Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { run } from './run.mjs'
import { step } from './words.mjs'

const RELEASES = 'https://github.com/grafana/k6/releases/download'
const LONGEST_MS = 600_000
const LARGEST_BYTES = 200_000_000

/**
 * @param {string} version
 * @param {string} [platform]
 * @param {string} [arch]
 * @returns {string | undefined} the archive's name, when there is one for this platform
 */
export function archiveName(version, platform = process.platform, arch = process.arch) {
  const os = { linux: 'linux', darwin: 'macos', win32: 'windows' }[platform]
  const cpu = { x64: 'amd64', arm64: 'arm64' }[arch]
  if (!os || !cpu || (os === 'windows' && cpu === 'arm64')) return undefined
  return `k6-v${version}-${os}-${cpu}.${os === 'linux' ? 'tar.gz' : 'zip'}`
}

/**
 * @param {string} list lines of `<sha256>  <file>`, as sha256sum writes them
 * @param {string} name
 */
export function checksumOf(list, name) {
  const line = list.split('\n').find((entry) => entry.trimEnd().endsWith(`  ${name}`))
  return line?.slice(0, 64)
}

/**
 * @param {{ env: NodeJS.ProcessEnv, draft: string, version: string, checksums: string, signal?: AbortSignal | undefined }} options
 *   `draft`: where the binary goes; `env.STAMPEDE_K6_DOWNLOADS`: a mirror of the release folder
 * @returns {Promise<string | undefined>} why it could not be had
 */
export async function fetchK6({ env, draft, version, checksums, signal }) {
  const name = archiveName(version)
  if (!name) return `k6 has no archive for ${process.platform}-${process.arch}`
  const expected = checksumOf(checksums, name)
  if (!expected) return `tools/k6/checksums.txt has no line for ${name}`
  const address = `${env.STAMPEDE_K6_DOWNLOADS ?? RELEASES}/v${version}/${name}`
  const folder = await mkdtemp(`${draft}.`)
  try {
    const archive = path.join(folder, name)
    const found = await step(`fetching k6 ${version} (once, about 30 MB) from ${new URL(address).host}`, (report) =>
      download(address, archive, report, signal),
    )
    if (found.problem) return found.problem
    if (found.sha256 !== expected) return `${name} has the checksum ${found.sha256}, not ${expected}: it was thrown away`
    const { ok, lines } = await run('tar', ['-xf', archive, '-C', folder], { signal, timeoutMs: 60_000 })
    if (!ok) return `${name} could not be unpacked (${lines.at(-1) ?? 'tar said nothing'})`
    await rename(path.join(folder, name.replace(/\.(tar\.gz|zip)$/, ''), process.platform === 'win32' ? 'k6.exe' : 'k6'), draft)
    await chmod(draft, 0o755)
    return undefined
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/**
 * @param {string} address
 * @param {string} file
 * @param {(state: string) => void} report
 * @param {AbortSignal | undefined} [signal]
 * @returns {Promise<{ sha256?: string, problem?: string }>}
 */
async function download(address, file, report, signal) {
  const limit = AbortSignal.timeout(LONGEST_MS)
  const stop = signal ? eitherOf(signal, limit) : limit
  try {
    const response = await fetch(address, { signal: stop, redirect: 'follow' })
    if (!response.ok || !response.body) return { problem: `${address} answered ${response.status}` }
    const total = Number(response.headers.get('content-length') ?? 0)
    const hash = createHash('sha256')
    let bytes = 0
    const meter = new Transform({
      transform(chunk, _encoding, next) {
        bytes += chunk.length
        hash.update(chunk)
        report(`${megabytes(bytes)}${total > 0 ? ` of ${megabytes(total)}` : ''}`)
        next(bytes > LARGEST_BYTES ? new Error(`more than ${megabytes(LARGEST_BYTES)}`) : null, chunk)
      },
    })
    await pipeline(
      Readable.fromWeb(/** @type {import('node:stream/web').ReadableStream} */ (response.body)),
      meter,
      createWriteStream(file),
      { signal: stop },
    )
    return { sha256: hash.digest('hex') }
  } catch (error) {
    signal?.throwIfAborted()
    const cause = error instanceof Error ? (error.cause ?? error) : error
    return { problem: `${address} could not be fetched (${cause instanceof Error ? cause.message : cause})` }
  }
}

/**
 * AbortSignal.any came with Node 20.
 * @param {AbortSignal} first
 * @param {AbortSignal} second
 */
function eitherOf(first, second) {
  const both = new AbortController()
  for (const signal of [first, second]) {
    if (signal.aborted) both.abort(signal.reason)
    else signal.addEventListener('abort', () => both.abort(signal.reason), { once: true, signal: both.signal })
  }
  return both.signal
}

/** @param {number} bytes */
function megabytes(bytes) {
  return `${(bytes / 1_000_000).toFixed(1)} MB`
}
