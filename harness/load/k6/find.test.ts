import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { findK6, K6_VERSION } from './find.ts'

let root: string

beforeEach(async () => {
  root = await mkdtemp(path.join(os.tmpdir(), 'stampede-find-'))
  await mkdir(path.join(root, '.tools'))
  await mkdir(path.join(root, 'bin'))
})

afterEach(() => rm(root, { recursive: true, force: true }))

async function program(name: string, says: string): Promise<string> {
  const file = path.join(root, name)
  await writeFile(file, `#!/bin/sh\necho '${says}'\n`)
  await chmod(file, 0o755)
  return file
}

const env = () => ({ PATH: path.join(root, 'bin') })

test('the one given comes before K6_BIN, that before .tools, that before PATH', async () => {
  const onPath = await program('bin/k6', 'k6 v2.0.1 (go1.26)')
  expect(await findK6({ env: env(), root })).toEqual({ path: onPath, version: '2.0.1' })
  const built = await program(`.tools/k6-${K6_VERSION}`, 'k6-2.2.0 v2.2.0 (go1.26.8, linux/amd64)')
  expect(await findK6({ env: env(), root })).toEqual({ path: built, version: '2.2.0' })
  const own = await program('own', 'k6 v2.4.0-rc.1 (go1.27)')
  expect(await findK6({ env: { ...env(), K6_BIN: own }, root })).toEqual({ path: own, version: '2.4.0-rc.1' })
  const given = await program('given', 'k6 v2.3.0 (go1.27)')
  expect(await findK6({ given, env: { ...env(), K6_BIN: own }, root })).toEqual({ path: given, version: '2.3.0' })
})

test.each(['k6 v1.4.2 (go1.24)', 'k6 v3.0.0 (go1.30)', 'k6 v20.1.0', 'something else'])(
  'another major is refused by name: %s',
  async (says) => {
    const file = await program('bin/k6', says)
    const refused = findK6({ env: env(), root })
    await expect(refused).rejects.toMatchObject({
      code: 'K6_WRONG_VERSION',
      message: expect.stringContaining(file),
      hint: expect.stringContaining('--k6'),
    })
  },
)

test('without any k6 it says what to type', async () => {
  await expect(findK6({ env: env(), root })).rejects.toMatchObject({
    code: 'K6_NOT_FOUND',
    hint: expect.stringContaining('brew install k6'),
  })
})

test('one that was asked for and is not there is not replaced by another', async () => {
  await program('bin/k6', 'k6 v2.2.0 (go1.26)')
  await expect(findK6({ given: '/nowhere/k6', env: env(), root })).rejects.toMatchObject({
    code: 'K6_NOT_FOUND',
    message: expect.stringContaining('/nowhere/k6'),
  })
})
