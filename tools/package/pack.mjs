// What npm runs around packing: `begin` emits dist/ and puts the package's own manifest in place of the checkout's, `end` puts it back.
//
// A checkout brings Node 24 along as a package of each platform, since it starts from any Node. In somebody's project those would weigh
// 190 MB and stand in front of the project's own Node in every npm script; the package gets one for itself, only where it must
// (tools/setup/node.mjs). Interrupted in between, the checkout's manifest lies in .package.json.kept, and the next `begin` or `end` puts
// it back.
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { readFile, rename, writeFile } from 'node:fs/promises'
import path from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { ensurePackages } from '../../setup.mjs'
import { NODE_MAJOR } from '../setup/npm.mjs'

const ROOT = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..', '..')
const MANIFEST = path.join(ROOT, 'package.json')
const KEPT = path.join(ROOT, '.package.json.kept')
const ONLY_IN_A_CHECKOUT = ['scripts', 'devDependencies', 'optionalDependencies', 'allowScripts']

/**
 * @param {Record<string, unknown>} manifest the checkout's
 * @returns {Record<string, unknown>} the package's
 */
export function packaged(manifest) {
  const kept = Object.entries(manifest).filter(([name]) => !ONLY_IN_A_CHECKOUT.includes(name))
  return Object.fromEntries(kept)
}

async function putBack() {
  if (existsSync(KEPT)) await rename(KEPT, MANIFEST)
}

async function begin() {
  await putBack()
  // A fresh clone may be packed, and by an old Node: what emits needs the checkout's own.
  await ensurePackages()
  const old = Number(process.versions.node.split('.')[0]) < NODE_MAJOR
  const node = old ? path.join(ROOT, 'node_modules', '.bin', 'node') : process.execPath
  await promisify(execFile)(node, [path.join(ROOT, 'tools/package/emit.mjs'), path.join(ROOT, 'dist')])
  const text = await readFile(MANIFEST, 'utf8')
  await writeFile(KEPT, text)
  await writeFile(MANIFEST, `${JSON.stringify(packaged(JSON.parse(text)), null, 2)}\n`)
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await (process.argv[2] === 'end' ? putBack() : begin())
