// What this project leans on: few packages, free licences, and no secret of anybody in the repository.
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { closureOf, importedBy } from './fixtures/packages.ts'
import { ROOT, textOf } from './fixtures/source-files.ts'

/** Permissive: used, changed and shipped with no more than the notice. */
const FREE =
  /^\(?(MIT|MIT-0|ISC|Apache-2\.0|BSD-2-Clause|BSD-3-Clause|0BSD|BlueOak-1\.0\.0|CC0-1\.0|Unlicense|Python-2\.0|CC-BY-4\.0|WTFPL)( (OR|AND) [\w.-]+)*\)?$/

describe('the reference server', () => {
  const direct = importedBy('reference-server/main.ts')

  test('imports few packages, all of them dependencies of the package', () => {
    expect(direct.length).toBeLessThanOrEqual(13)
    const { dependencies } = JSON.parse(textOf('package.json')) as { dependencies: Record<string, string> }
    expect(direct.filter((name) => !(name in dependencies))).toEqual([])
  })

  test('ships fewer than a hundred packages with everything below them, under free licences', () => {
    const shipped = closureOf(direct)
    expect(shipped.length).toBeGreaterThan(direct.length)
    expect(shipped.length).toBeLessThan(100)
    expect(shipped.filter(({ license }) => !FREE.test(license)).map(({ name, license }) => `${name}: ${license}`)).toEqual([])
  })
})

test('every package that the lock file installs has a free licence', () => {
  const { packages } = JSON.parse(textOf('package-lock.json')) as { packages: Record<string, { license?: string; link?: boolean }> }
  const named = Object.entries(packages).filter(([folder, { link }]) => folder !== '' && !link)
  expect(named.length).toBeGreaterThan(100)
  // Tools that are run as programs of their own and never shipped.
  const alone = /^node_modules\/(axe-core|lightningcss[\w-]*)$/
  const unfree = named.filter(([folder, { license }]) => license !== undefined && !FREE.test(license) && !alone.test(folder))
  expect(unfree.map(([folder, { license }]) => `${folder}: ${license}`)).toEqual([])
})

describe('no secret is in the repository', () => {
  const patterns: [string, RegExp][] = [
    ['a private key', /-----BEGIN (RSA |EC |OPENSSH |ENCRYPTED )?PRIVATE KEY-----\s+[A-Za-z0-9+/=]{40}/],
    ['a cloud key', /\bAKIA[0-9A-Z]{16}\b/],
    ['a token of a code host', /\bgh[pousr]_[A-Za-z0-9]{36}\b|\bglpat-[\w-]{20}\b/],
    ['a token of a registry', /\bnpm_[A-Za-z0-9]{36}\b|_authToken\s*=/],
    ['a chat token', /\bxox[abprs]-[A-Za-z0-9-]{20,}/],
    ['a key of a model provider', /\bsk-(ant|proj)-[A-Za-z0-9_-]{20,}/],
    ['a token of this server that is not an example', /\bmcp_(?!example|a\d|r\d|s\d|e\d|p\d|k\d|k\$)[A-Za-z0-9-]{1,64}_[0-9a-f]{32,}\b/],
    [
      'a password in an address',
      /\b(postgres|postgresql|redis|https?):\/\/[\w.-]+:(?!local-only|password|secret|\$|\w{0,3}@)[^@\s/'"`$]{6,}@/,
    ],
  ]
  const files = execFileSync('git', ['-C', ROOT, 'ls-files', '-z'], { encoding: 'utf8', maxBuffer: 16_000_000 }).split('\0').filter(Boolean)
  const itself = 'tests/dependencies.test.ts'

  test.each(patterns)('%s', (_, pattern) => {
    // Tests of what is hidden hold made-up ones.
    const looked = files.filter((file) => file !== itself && !(pattern.source.includes('redis') && file.endsWith('.test.ts')))
    const found = looked.filter((file) => pattern.test(read(file)))
    expect(found).toEqual([])
  })

  test('would be noticed', () => {
    const planted = [
      `AKIA${'A'.repeat(16)}`,
      `ghp_${'a'.repeat(36)}`,
      `mcp_reader_${'0a'.repeat(24)}`,
      'postgres://app:hunter2hunter2@db/desk',
    ]
    for (const secret of planted) expect(patterns.some(([, pattern]) => pattern.test(secret))).toBe(true)
  })

  test('and no file that usually holds one', () => {
    expect(files.filter((file) => /(^|\/)(\.env(\..+)?|id_rsa|\.npmrc|\.netrc|.*\.pem|.*\.p12|credentials(\.json)?)$/.test(file))).toEqual(
      [],
    )
  })
})

const texts = new Map<string, string>()
/** What is tracked but gone is not there to hold a secret. */
function read(file: string): string {
  const known = texts.get(file)
  if (known !== undefined) return known
  let text = ''
  try {
    text = readFileSync(path.join(ROOT, file), 'utf8')
  } catch {}
  texts.set(file, text)
  return text
}
