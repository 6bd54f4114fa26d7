// Set-up on a machine of our making: the real scripts, with small programs standing in for npm, Go and the archive's
// server. The way it goes with the real ones is run by hand: tests/fresh-clone.ts.
import { execFile, execFileSync, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { chmod, cp, mkdir, mkdtemp, readdir, readFile, realpath, rm, writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { buildProgress, fits, goFits, k6Version } from '../tools/setup/k6.mjs'
import { archiveName, checksumOf } from '../tools/setup/k6-archive.mjs'
import { firstDifference } from '../tools/setup/npm.mjs'
import { librariesIn } from '../tools/setup/redis-debian.mjs'

const PROJECT = path.resolve(import.meta.dirname, '..')
const FAKE_K6 = '#!/bin/sh\necho "k6 v2.2.0 (go1.26.8, linux/amd64)"\n'
const INSTALLED = '{"packages":{"node_modules/a":{"version":"1.0.0","integrity":"sha512-a"}}}'
const ARCHIVE = archiveName('2.2.0') ?? ''

let root: string
let bin: string

beforeEach(async () => {
  root = await realpath(await mkdtemp(path.join(tmpdir(), 'stampede-setup-')))
  bin = path.join(root, 'bin')
  await mkdir(path.join(root, 'tools', 'k6'), { recursive: true })
  await mkdir(bin)
  await cp(path.join(PROJECT, 'setup.mjs'), path.join(root, 'setup.mjs'))
  await cp(path.join(PROJECT, 'tools', 'setup'), path.join(root, 'tools', 'setup'), { recursive: true })
  await write('package.json', '{}')
  await write('package-lock.json', JSON.stringify({ packages: { '': {}, 'node_modules/a': { version: '1.0.0', integrity: 'sha512-a' } } }))
  await write('tools/k6/checksums.txt', '')
  for (const name of ['sh', 'tar', 'gzip', 'mkdir', 'cp', 'cat', 'sleep'])
    await program(name, `#!/bin/sh\nPATH=/usr/bin:/bin exec ${name} "$@"\n`)
  await mkdir(path.join(root, 'node_modules', 'a'), { recursive: true })
  await write('node_modules/.package-lock.json', INSTALLED)
  await program(
    'npm',
    [
      '#!/bin/sh',
      'echo "$@" >> npm.log',
      'mkdir -p node_modules/a',
      'sleep 0.3',
      `echo '${INSTALLED}' > node_modules/.package-lock.json`,
    ].join('\n'),
  )
})

afterEach(async () => {
  await rm(root, { recursive: true, force: true })
})

async function write(name: string, text: string): Promise<void> {
  await writeFile(path.join(root, name), text)
}

async function program(name: string, text: string): Promise<void> {
  await writeFile(path.join(bin, name), text)
  await chmod(path.join(bin, name), 0o755)
}

/** Runs set-up as npm would, with nothing on PATH but the stand-ins. */
async function setUp(args: string[] = [], env: Record<string, string> = {}): Promise<{ code: number; said: string }> {
  const options = { cwd: root, env: { PATH: bin, ...env } }
  const done = promisify(execFile)(process.execPath, [path.join(root, 'setup.mjs'), ...args], options)
  return await done.then(
    ({ stderr }) => ({ code: 0, said: stderr }),
    (error: { code: number; stderr: string }) => ({ code: error.code, said: error.stderr }),
  )
}

const calls = async () => (await readFile(path.join(root, 'npm.log'), 'utf8').catch(() => '')).split('\n').filter(Boolean)
const tools = async () => await readdir(path.join(root, '.tools')).catch(() => [])

describe('npm packages', () => {
  beforeEach(async () => {
    await rm(path.join(root, 'node_modules'), { recursive: true })
  })

  test('are installed once, from the lockfile, with what optional packages bring; then nothing is done', async () => {
    const first = await setUp()
    expect(first).toMatchObject({ code: 0, said: expect.stringContaining('installing npm packages') })
    expect(await setUp()).toEqual({ code: 0, said: '' })
    expect(await calls()).toEqual(['ci --loglevel=error --no-audit --no-fund --include=dev --include=optional'])
  })

  test('are installed again when the lockfile asks for another version', async () => {
    await setUp()
    await write('package-lock.json', JSON.stringify({ packages: { 'node_modules/a': { version: '2.0.0' } } }))
    expect((await setUp()).said).toContain('node_modules/a is 1.0.0, not 2.0.0')
    expect(await calls()).toHaveLength(2)
  })

  test('are installed by one of two that start at once', async () => {
    const both = await Promise.all([setUp(), setUp()])
    expect(both.map(({ code }) => code)).toEqual([0, 0])
    expect(await calls()).toHaveLength(1)
    expect(await readdir(root)).not.toContain('.setup.lock')
  })

  test('a lock whose owner is dead is taken over', async () => {
    const dead = spawn(process.execPath, ['-e', '0'])
    await new Promise((resolve) => dead.once('exit', resolve))
    await write('.setup.lock', `${dead.pid}`)
    expect((await setUp()).code).toBe(0)
    expect((await readdir(root)).filter((name) => name.startsWith('.setup.lock'))).toEqual([])
  })

  test('a failing npm is told in its own words, with what to type', async () => {
    await program('npm', '#!/bin/sh\necho "npm error ENOTFOUND the registry" >&2\nexit 1\n')
    const { code, said } = await setUp()
    expect(code).toBe(1)
    expect(said).toMatch(/NPM_CI_FAILED[\s\S]*ENOTFOUND the registry[\s\S]*npm ci/)
  })

  test.each([
    ['equal', { a: { version: '1', integrity: 'x' } }, { a: { version: '1', integrity: 'x' } }, undefined],
    ['an optional one of another platform is absent', { a: { version: '1', optional: true } }, {}, undefined],
    ['one is absent', { a: { version: '1' } }, {}, 'a is missing'],
    ['same version, other content', { a: { version: '1', integrity: 'x' } }, { a: { version: '1', integrity: 'y' } }, 'a is 1, not 1'],
    ['one too many', {}, { b: { version: '1' } }, 'b is no longer wanted'],
  ])('staleness: %s', (_, wanted, installed, expected) => {
    expect(firstDifference(wanted, installed, () => true)).toBe(expected)
  })

  test('staleness: a folder was removed by hand', () => {
    expect(firstDifference({ a: { version: '1' } }, { a: { version: '1' } }, () => false)).toBe('a has gone')
  })
})

describe('k6', () => {
  let server: Server | undefined

  afterEach(() => {
    server?.close()
    server = undefined
  })

  /** Serves an official-looking archive; the checksum list has its true sum unless another is given. */
  async function serveArchive(sum?: string): Promise<{ STAMPEDE_K6_DOWNLOADS: string }> {
    const folder = path.join(root, 'release', ARCHIVE.replace('.tar.gz', ''))
    await mkdir(folder, { recursive: true })
    await writeFile(path.join(folder, 'k6'), FAKE_K6, { mode: 0o755 })
    const file = path.join(root, ARCHIVE)
    execFileSync('tar', ['-czf', file, '-C', path.join(root, 'release'), path.basename(folder)])
    const bytes = await readFile(file)
    await write('tools/k6/checksums.txt', `${sum ?? createHash('sha256').update(bytes).digest('hex')}  ${ARCHIVE}\n`)
    server = createServer((request, response) => {
      if (request.url === `/v2.2.0/${ARCHIVE}`) response.end(bytes)
      else response.writeHead(404).end()
    })
    await new Promise<void>((resolve) => server?.listen(0, '127.0.0.1', resolve))
    return { STAMPEDE_K6_DOWNLOADS: `http://127.0.0.1:${(server.address() as AddressInfo).port}` }
  }

  const goProgram = (build: string) => program('go', `#!/bin/sh\nif [ "$1" = env ]; then echo "$GOVERSION_SAYS"; exit 0; fi\n${build}\n`)

  test('is built with Go into its place, and not again', async () => {
    await goProgram(
      `for last; do [ "$before" = -o ] && out="$last"; before="$last"; done; cp ../../k6-source "$out"; echo go.k6.io/k6/v2 >&2`,
    )
    await writeFile(path.join(root, 'k6-source'), FAKE_K6, { mode: 0o755 })
    const first = await setUp(['k6'], { GOVERSION_SAYS: 'go1.26.8' })
    expect(first).toMatchObject({ code: 0, said: expect.stringContaining('building k6 2.2.0 (once, about a minute)') })
    expect(await tools()).toEqual(['k6-2.2.0'])
    expect(await setUp(['k6'])).toEqual({ code: 0, said: '' })
  })

  test.each([
    ['there is no Go', undefined, /no Go here/],
    ['Go is too old', 'go1.22.1', /Go 1\.26 is needed and this is go1\.22\.1/],
    ['Go cannot build', 'go1.26.0', /Go could not build it \(no route to the proxy\)/],
  ])('comes from the archive when %s', async (_, goVersion, why) => {
    if (goVersion) await goProgram('echo "no route to the proxy" >&2; exit 1')
    const { code, said } = await setUp(['k6'], { ...(await serveArchive()), ...(goVersion && { GOVERSION_SAYS: goVersion }) })
    expect(said).toMatch(why)
    expect(code).toBe(0)
    expect(execFileSync(path.join(root, '.tools', 'k6-2.2.0'), { encoding: 'utf8' })).toContain('v2.2.0')
    expect(await tools()).toEqual(['k6-2.2.0'])
  })

  test('an archive with another checksum is thrown away', async () => {
    const { code, said } = await setUp(['k6'], await serveArchive('0'.repeat(64)))
    expect(code).toBe(1)
    expect(said).toMatch(/K6_NOT_FOUND[\s\S]*not 0{64}: it was thrown away/)
    expect(await tools()).toEqual([])
  })

  test('that is not to be had is told with what to type', async () => {
    const served = await serveArchive()
    const { code, said } = await setUp(['k6'], { STAMPEDE_K6_DOWNLOADS: `${served.STAMPEDE_K6_DOWNLOADS}/elsewhere` })
    expect(code).toBe(1)
    expect(said).toMatch(/K6_NOT_FOUND[\s\S]*answered 404[\s\S]*K6_BIN=/)
    expect(await tools()).toEqual([])
  })

  test('of K6_BIN is used as it is; another major version is refused; one that is not there is named', async () => {
    await program('mine', FAKE_K6)
    await program('old', FAKE_K6.replace('v2.2.0', 'v1.4.0'))
    expect(await setUp(['k6'], { K6_BIN: path.join(bin, 'mine') })).toEqual({ code: 0, said: '' })
    expect(await setUp(['k6'], { K6_BIN: path.join(bin, 'old') })).toMatchObject({
      code: 1,
      said: expect.stringMatching(/K6_WRONG_VERSION.*k6 1\.4\.0/),
    })
    expect(await setUp(['k6'], { K6_BIN: '/nowhere/k6' })).toMatchObject({
      code: 1,
      said: expect.stringMatching(/K6_NOT_FOUND.*"\/nowhere\/k6"/),
    })
  }, 20_000)

  test('on PATH is used when it is a k6 2', async () => {
    await program('k6', FAKE_K6)
    expect(await setUp(['k6'])).toEqual({ code: 0, said: '' })
    expect(await tools()).toEqual([])
  })

  test('its version, and that of Go, are read from their own words', () => {
    expect(k6Version('k6 v2.2.0 (go1.26.8, linux/amd64)')).toBe('2.2.0')
    expect(k6Version('something else')).toBeUndefined()
    expect([fits('2.0.0'), fits('2.31.0'), fits('1.9.0'), fits('3.0.0'), fits('20.0.0')]).toEqual([true, true, false, false, false])
    expect([goFits('go1.26.0'), goFits('go1.30'), goFits('go2.0'), goFits('go1.25.9'), goFits('')]).toEqual([
      true,
      true,
      true,
      false,
      false,
    ])
  })

  test('its build shows how far it is', () => {
    let state = ''
    const hear = buildProgress((now) => {
      state = now
    })
    for (const line of ['go: downloading golang.org/x/net v0.57.0', 'golang.org/x/net/html', 'internal/abi', '# a warning']) hear(line)
    expect(state).toBe('1 modules downloaded, 2 packages compiled')
  })

  test('has an archive and a checksum for each platform that we name', async () => {
    const list = await readFile(path.join(PROJECT, 'tools', 'k6', 'checksums.txt'), 'utf8')
    for (const [platform, arch] of [
      ['linux', 'x64'],
      ['linux', 'arm64'],
      ['darwin', 'x64'],
      ['darwin', 'arm64'],
      ['win32', 'x64'],
    ] as const) {
      expect(checksumOf(list, archiveName('2.2.0', platform, arch) ?? '')).toMatch(/^[0-9a-f]{64}$/)
    }
    expect(archiveName('2.2.0', 'freebsd', 'x64')).toBeUndefined()
  })
})

describe('Redis', () => {
  test('on PATH is used as it is', async () => {
    await program('redis-server', '#!/bin/sh\n')
    expect(await setUp(['redis'])).toEqual({ code: 0, said: '' })
  })

  test('comes out of the Debian packages without being installed', async () => {
    await program('apt-get', '#!/bin/sh\ncase "$*" in *download*) echo deb > redis-tools_7_amd64.deb;; esac\n')
    await program('dpkg-deb', '#!/bin/sh\nmkdir -p redis-root/usr/bin\ncp ../../redis-source redis-root/usr/bin/redis-server\n')
    for (const name of ['dirname', 'chmod']) await program(name, `#!/bin/sh\nPATH=/usr/bin:/bin exec ${name} "$@"\n`)
    await writeFile(path.join(root, 'redis-source'), '#!/bin/sh\necho "Redis server v=7.0.15"\n', { mode: 0o755 })
    expect((await setUp(['redis'])).code).toBe(0)
    expect(await tools()).toEqual(['redis-root', 'redis-server'])
    expect(execFileSync(path.join(root, '.tools', 'redis-server'), ['--version'], { encoding: 'utf8' })).toContain('7.0.15')
    expect(await setUp(['redis'])).toEqual({ code: 0, said: '' })
  })

  test('that is not to be had is told with what to type, and nothing is left', async () => {
    await program('apt-get', '#!/bin/sh\nexit 100\n')
    await program('dpkg-deb', '#!/bin/sh\nexit 1\n')
    const { code, said } = await setUp(['redis'])
    expect(code).toBe(1)
    expect(said).toMatch(/REDIS_NOT_FOUND[\s\S]*apt-get could not download[\s\S]*no Python here/)
    expect(await tools()).toEqual([])
  })

  test('needs the libraries that apt would install with it, but never the C library', () => {
    const lines = [
      'Reading package lists...',
      'Inst libc6 (2.36)',
      'Inst liblzf1 (3.6-3 Debian)',
      'Inst redis-tools (7)',
      'Conf liblzf1 (3.6)',
    ]
    expect(librariesIn(lines)).toEqual(['liblzf1'])
  })
})

test('a Python that is too old is as none: the hint says what to type', async () => {
  await program('python3', '#!/bin/sh\necho 3.9\n')
  expect(await setUp(['python-mcp'])).toMatchObject({ code: 1, said: expect.stringContaining('PYTHON_NOT_FOUND') })
})

test('the Python package is installed once for each version of Python, and a failed install leaves nothing', async () => {
  await program('python3', '#!/bin/sh\necho "$@" >> python.log\n[ "$1" = -c ] && echo 3.12 && exit 0\n[ -e works ]\n')
  expect(await setUp(['python-mcp'])).toMatchObject({ code: 1, said: expect.stringContaining('PYTHON_MCP_NOT_INSTALLED') })
  expect(await readdir(path.join(root, '.tools'))).toEqual(['python-mcp'])
  await write('works', '')
  for (const _ of ['first', 'again']) expect(await setUp(['python-mcp'])).toMatchObject({ code: 0 })
  expect(await readdir(path.join(root, '.tools', 'python-mcp'))).toEqual([expect.stringMatching(/-py3\.12$/)])
  expect((await readFile(path.join(root, 'python.log'), 'utf8')).match(/pip install/g)).toHaveLength(2)
})

test('an unknown part is refused with those that there are', async () => {
  expect(await setUp(['k7'])).toMatchObject({
    code: 1,
    said: expect.stringContaining('node setup.mjs [k6] [redis] [python-mcp] [promtool] [chromium] [ip] [docker]'),
  })
})

test('stopped in the middle, it leaves nothing half-done and lets the next one in', async () => {
  await rm(path.join(root, 'node_modules'), { recursive: true })
  await program('npm', '#!/bin/sh\necho begun > begun\nexec sleep 30\n')
  const child = spawn(process.execPath, [path.join(root, 'setup.mjs')], { cwd: root, env: { PATH: bin } })
  const exit = new Promise((resolve) => child.once('exit', resolve))
  await expect.poll(() => readdir(root)).toContain('begun')
  child.kill('SIGINT')
  expect(await exit).toBe(1)
  expect(await readdir(root)).not.toContain('.setup.lock')
})

describe('a program that only tests need', () => {
  test('is taken from PATH', async () => {
    await program('promtool', '#!/bin/sh\n')
    expect(await setUp(['promtool'])).toEqual({ code: 0, said: '' })
  })

  test('is unpacked out of its package, nothing else kept', async () => {
    await program('apt-get', '#!/bin/sh\ncase "$*" in *download*) echo deb > prometheus_2_amd64.deb;; esac\n')
    await program('dpkg-deb', '#!/bin/sh\nmkdir -p root/usr/bin\ncp ../../promtool-source root/usr/bin/promtool\n')
    await writeFile(path.join(root, 'promtool-source'), '#!/bin/sh\n', { mode: 0o755 })
    expect((await setUp(['promtool'])).code).toBe(0)
    expect(await tools()).toEqual(['promtool'])
    expect(await setUp(['promtool'])).toEqual({ code: 0, said: '' })
  })

  test('that is not to be had is told with what to type', async () => {
    await program('apt-get', '#!/bin/sh\nexit 100\n')
    const { code, said } = await setUp(['promtool'])
    expect(code).toBe(1)
    expect(said).toMatch(/PROGRAM_NOT_FOUND[\s\S]*no dpkg-deb here[\s\S]*install prometheus/)
    expect(await tools()).toEqual([])
  })
})
