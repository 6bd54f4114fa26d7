// The package as npm would install it, but for the installing (tests/long/package.ts does that too): what it holds, that its program runs
// from there, and that a project's own units are found, typed and run against a server that needs neither Postgres nor Redis.
import { execFile } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { renamed, typedByNpx } from '../tools/package/emit.mjs'
import { toolsFolder } from '../tools/setup/tools-folder.mjs'
import { importsOf } from './fixtures/borders.ts'
import { finish, Workshop } from './fixtures/cli.ts'
import { linkPackage, writeOwnProject } from './fixtures/own-project.ts'
import { ROOT } from './fixtures/source-files.ts'

const project = mkdtempSync(path.join(os.tmpdir(), 'stampede-package-'))
const workshop = new Workshop()
let place: string

beforeAll(async () => {
  writeOwnProject(project)
  place = await linkPackage(project)
})

afterAll(() => {
  workshop[Symbol.dispose]()
  rmSync(project, { recursive: true })
})

async function stampede(...words: string[]) {
  const child = workshop.startAt({ cli: path.join(place, 'dist/harness/bin.mjs'), cwd: project }, ...words)
  return await finish(child)
}

function filesOf(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((file) => /\.\w+$/.test(file))
}

describe('the package holds', () => {
  test('programs, their SQL and types, and nothing that only tests need', async () => {
    const { stdout } = await promisify(execFile)('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], { cwd: place })
    const [{ files }] = JSON.parse(stdout) as [{ files: { path: string }[] }]
    const names = files.map((file) => file.path)
    expect(names).toEqual(
      expect.arrayContaining(['dist/harness/bin.mjs', 'dist/harness/package.d.ts', 'dist/reference-server/store/admission.lua']),
    )
    expect(names.filter((name) => /(?<!\.d)\.ts$|\.test\.|fixtures\/|node_modules/.test(name))).toEqual([])
  })

  test('every file that one of its files names', () => {
    const dist = path.join(place, 'dist')
    const missing = filesOf(dist)
      .filter((file) => file.endsWith('.js') || file.endsWith('.d.ts'))
      .flatMap((file) => {
        const text = readFileSync(path.join(dist, file), 'utf8')
        const beside = [...text.matchAll(/new URL\(\s*['"`]([^'"`$]+)['"`],\s*import\.meta\.url/g)].map(([, specifier = '']) => ({
          specifier,
        }))
        const named = [...importsOf(text).filter(({ specifier }) => specifier.startsWith('.')), ...beside]
        const places = named.map(({ specifier }) => path.join(dist, path.dirname(file), specifier))
        const types = (one: string) => file.endsWith('.d.ts') && existsSync(one.replace(/\.js$/, '.d.ts'))
        return places.filter((one) => !existsSync(one) && !types(one)).map((one) => `${file}: ${path.relative(dist, one)}`)
      })
    expect(missing).toEqual([])
  })

  test('what it exports, with types: by name, and a unit of each kind', () => {
    const { exports } = JSON.parse(readFileSync(path.join(place, 'package.json'), 'utf8')) as { exports: Record<string, object | string> }
    const units: Record<string, string> = {
      personas: 'presets/langchain',
      faults: 'user-fault',
      checks: 'fairness',
      scenarios: 'runaway-loop',
      targets: 'reference',
    }
    const patterns = Object.keys(exports).flatMap((name) => /^\.\/(\w+)\/\*$/.exec(name)?.[1] ?? [])
    expect(patterns.sort()).toEqual(Object.keys(units).sort())
    const files = Object.entries(exports).flatMap(([name, target]) =>
      Object.values(typeof target === 'string' ? [target] : target).map((file: string) =>
        file.replace('*', units[name.split('/')[1] ?? ''] ?? ''),
      ),
    )
    expect(files.filter((file) => !existsSync(path.join(place, file)))).toEqual([])
  })

  test('a manifest that brings no Node of its own, and every package that its programs import', () => {
    const manifest = JSON.parse(readFileSync(path.join(place, 'package.json'), 'utf8')) as Record<string, Record<string, string>>
    expect(manifest).not.toHaveProperty('optionalDependencies')
    expect(manifest).not.toHaveProperty('scripts')
    const dist = path.join(place, 'dist')
    const imported = filesOf(dist)
      .filter((file) => file.endsWith('.js') && !file.startsWith('harness/load/k6/'))
      .flatMap((file) => importsOf(readFileSync(path.join(dist, file), 'utf8')))
      .map(({ specifier }) => specifier)
      .filter((specifier) => !/^(\.|node:|k6|stampede:)/.test(specifier))
      .map((specifier) =>
        specifier
          .split('/')
          .slice(0, specifier.startsWith('@') ? 2 : 1)
          .join('/'),
      )
    expect([...new Set(imported)].filter((name) => !(name in (manifest.dependencies ?? {})))).toEqual([])
  })
})

test.each([
  ["from './a/b.ts'", "from './a/b.js'"],
  ["new URL('entry.ts', import.meta.url)", "new URL('entry.js', import.meta.url)"],
  ["'node reference-server/main.ts'", "'node reference-server/main.js'"],
  ["name.endsWith('.ts')", "name.endsWith('.ts')"],
  ['`./${name}${EXTENSION}`', '`./${name}${EXTENSION}`'],
])('names of our own files: %s', (text, expected) => expect(renamed(text)).toBe(expected))

test.each([
  ['npm run scenario runaway-loop -- --seed 1', 'npx mcp-stampede run runaway-loop --seed 1'],
  ['npm run scenario ${name} -- ${words}', 'npx mcp-stampede run ${name} ${words}'],
  ['npm run scenario <name>, with one of the names', 'npx mcp-stampede run <name>, with one of the names'],
  ['npm run judge, npm run report -- --json', 'npx mcp-stampede judge, npx mcp-stampede report --json'],
  ['npm run policy:cases', 'npm run policy:cases'],
  ['start it by npm start', 'start it by npm start'],
])('what is typed: %s', (text, expected) => expect(typedByNpx(text)).toBe(expected))

test('what it fetches lies outside node_modules', () => {
  expect(toolsFolder(path.join(place, 'dist'), { XDG_CACHE_HOME: '/cache' })).toBe(path.join('/cache', 'mcp-stampede'))
  expect(toolsFolder(ROOT)).toBe(path.join(ROOT, '.tools'))
})

describe('its program', () => {
  test('tells its version and what it can', async () => {
    const { version } = JSON.parse(readFileSync(path.join(ROOT, 'package.json'), 'utf8')) as { version: string }
    expect((await stampede('--version')).stdout).toBe(`${version}\n`)
    expect((await stampede('--help')).stdout).toContain('npx mcp-stampede <command> --help')
    const { code, stderr } = await stampede('jugde')
    expect(code).toBe(254)
    expect(stderr).toContain('did you mean judge?')
  })

  test('draws the same plan as a checkout does', async () => {
    const words = ['scenario', 'runaway-loop', '--dry-run']
    const [here, there] = await Promise.all([workshop.cli(...words), stampede(...words)])
    expect(there.stdout).toBe(here.stdout)
    expect(there.stdout).toMatch(/plan [0-9a-f]{64}/)
  })

  test('gets itself a newer Node when the one that started it is old, once', async () => {
    const bin = path.join(place, 'dist/harness/bin.mjs')
    const old = path.join(path.dirname(bin), 'old.mjs')
    writeFileSync(old, readFileSync(bin, 'utf8').replace('process.versions.node', "'20.1.0'"))
    // Stands in for npm: puts this very Node where npm would put it.
    const npm = path.join(workshop.folder, 'npm-cli.js')
    const put = "require('fs').mkdirSync(to, { recursive: true }); require('fs').symlinkSync(process.execPath, to + '/node')"
    writeFileSync(
      npm,
      `const to = process.argv[process.argv.indexOf('--prefix') + 1] + '/node_modules/' + process.argv.at(-1).split('@')[0] + '/bin'; ${put}`,
    )
    const XDG_CACHE_HOME = mkdtempSync(path.join(workshop.folder, 'cache-'))
    const start = () => finish(workshop.startAt({ cli: old, cwd: project, XDG_CACHE_HOME, npm_execpath: npm }, '--version'))
    const [first, second] = [await start(), await start()]
    expect([first.code, second.code], first.stderr).toEqual([0, 0])
    expect(first.stderr).toContain('getting Node 24 for ourselves')
    expect(second.stderr).toBe('')
    expect(second.stdout).toMatch(/^\d+\.\d+\.\d+\n$/)
  })
})

describe('a project’s own units', () => {
  const tsc = path.join(ROOT, 'node_modules/typescript/bin/tsc')
  const check = () => promisify(execFile)(process.execPath, [tsc, '-p', project]).catch((error: { stdout: string }) => error)

  test('are typed: the right ones pass, a wrong one is told', async () => {
    expect((await check()).stdout).toBe('')
    const wrong = path.join(project, 'stampede/targets/wrong.ts')
    writeFileSync(wrong, "import { target } from 'mcp-stampede'\n\nexport default target({ uri: 'http://127.0.0.1:1/mcp' })\n")
    using _ = { [Symbol.dispose]: () => rmSync(wrong) }
    expect((await check()).stdout).toContain('wrong.ts(3,')
    const { code, stderr } = await stampede('run', 'my-story', '--target', 'wrong')
    expect(code).toBe(254)
    expect(stderr).toContain("'uri' does not exist")
  })

  test('are run against a server that needs no database, and judged again', async () => {
    const words = ['run', 'my-story', '--target', 'mine', '--driver', 'undici', '--reports', workshop.reports, '--json']
    const { code, stdout, stderr } = await stampede(...words)
    expect(code, stderr).toBe(0)
    const answer = JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '') as { folder: string; target: string; checks: { id: string }[] }
    expect(answer.target).toBe('mine')
    const folder = path.resolve(project, answer.folder)
    const manifest = JSON.parse(readFileSync(path.join(folder, 'manifest.json'), 'utf8')) as { command: string; versions: object }
    expect(manifest.command).toMatch(/^npx mcp-stampede run my-story --seed 1/)
    expect(Object.keys(manifest.versions)).not.toContain('postgres')
    const history = readFileSync(path.join(folder, 'history.ndjson'), 'utf8')
    expect(history).toContain('"persona":"doubter"')
    expect(history).toContain('"fault":"flag-up"')
    const again = await stampede('judge', folder)
    expect(again.code).toBe(0)
    expect(again.stdout).toContain('my-story against mine')
  })
})
