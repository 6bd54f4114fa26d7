import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterAll, expect, test, vi } from 'vitest'
import { ownFolders } from './project.ts'
import { discoverAll } from './units.ts'

/** Every unit of ours is imported too, which a busy machine takes its time over. */
vi.setConfig({ testTimeout: 30_000 })

const home = mkdtempSync(path.join(os.tmpdir(), 'stampede-project-test-'))
let made = 0

afterAll(() => rmSync(home, { recursive: true }))

/** A project with these files. */
function project(files: Record<string, string>): string {
  const folder = path.join(home, String(++made))
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(path.dirname(path.join(folder, name)), { recursive: true })
    writeFileSync(path.join(folder, name), text)
  }
  return folder
}

const fault = (id: string) => ({ [`stampede/faults/${id}.ts`]: "export const own = { kind: 'fault', summary: 'mine' }\n" })
const scenario = "export default { kind: 'scenario', story: 'my own' }\n"

test('units of one’s own lie in ./stampede, from any folder below package.json', async () => {
  const folder = project({ 'package.json': '{}', 'stampede/scenarios/checkout.ts': scenario, 'src/deep/x.ts': '', ...fault('cache-down') })
  for (const cwd of [folder, path.join(folder, 'src/deep')]) {
    const found = await discoverAll(undefined, { cwd })
    expect(found.scenarios.get('checkout').value.story).toBe('my own')
    expect(found.faults.get('cache-down').path).toBe(path.join(folder, 'stampede/faults/cache-down.ts'))
  }
})

test('or where package.json says', () => {
  const folder = project({ 'package.json': '{"mcp-stampede":{"folder":"tests/load"}}', 'tests/load/targets/staging.ts': '' })
  expect(ownFolders(folder)).toEqual({ targets: path.join(folder, 'tests/load/targets') })
})

test('a scenario of one’s own takes the place of ours of that name', async () => {
  const cwd = project({ 'stampede/scenarios/runaway-loop.ts': scenario, 'package.json': '{}' })
  const { scenarios } = await discoverAll(undefined, { cwd })
  expect(scenarios.get('runaway-loop').value.story).toBe('my own')
  expect(scenarios.ids.filter((id) => id === 'runaway-loop')).toHaveLength(1)
})

test('a fault of one’s own may not have the name of ours', async () => {
  const cwd = project({ 'package.json': '{}', ...fault('postgres-lock') })
  await expect(discoverAll(undefined, { cwd })).rejects.toMatchObject({ code: 'NAME_TAKEN' })
})

test.each([
  ['a folder that is not there', '{"mcp-stampede":{"folder":"nowhere"}}'],
  ['a folder that is no text', '{"mcp-stampede":{"folder":3}}'],
  ['broken JSON', '{'],
])('%s is refused', (_, text) => {
  expect(() => ownFolders(project({ 'package.json': text }))).toThrow(expect.objectContaining({ code: 'PROJECT_INVALID' }))
})

test('a file that npm’s commonjs makes unreadable is told how to be named', async () => {
  const cwd = project({
    'package.json': '{"type":"commonjs"}',
    'stampede/scenarios/own.ts': "import path from 'node:path'\nexport default path\n",
  })
  // vitest reads any file as a module: what Node itself says is what a user meets.
  const units = path.resolve(import.meta.dirname, 'units.ts')
  const ask = `import(${JSON.stringify(units)}).then(({ discoverAll }) => discoverAll()).catch((error) => console.log(error.code, error.hint))`
  expect(execFileSync(process.execPath, ['-e', ask], { cwd, encoding: 'utf8' })).toContain('FILE_BROKEN rename it to .mts')
})
