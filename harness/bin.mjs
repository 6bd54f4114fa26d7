#!/usr/bin/env node
// The package's program. Plain JavaScript that any Node from 18 on can read: an older one than 24 gets us a Node of our own, and stands
// aside.
import { spawn } from 'node:child_process'
import path from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'

const NEEDED = 24
const HERE = path.dirname(fileURLToPath(import.meta.url))

if (Number(process.versions.node.split('.')[0]) >= NEEDED) await import('./cli.js')
else await standAside()

async function standAside() {
  const { ensureNode } = await import('../tools/setup/node.mjs')
  try {
    const node = await ensureNode({ root: path.join(HERE, '..') })
    const child = spawn(node, [path.join(HERE, 'cli.js'), ...process.argv.slice(2)], { stdio: 'inherit' })
    // A terminal tells both of us of Ctrl-C; others tell the one that they started.
    process.on('SIGINT', () => {})
    for (const name of /** @type {const} */ (['SIGTERM', 'SIGHUP'])) process.on(name, () => child.kill(name))
    child.on('exit', (code) => {
      process.exitCode = code ?? 255
    })
  } catch (error) {
    if (!(error instanceof Error && 'hint' in error)) throw error
    const { code, message, hint } = /** @type {import('../tools/setup/words.mjs').SetupError} */ (error)
    process.stderr.write(`\n${code}: ${message}\n  → ${hint}\n`)
    process.exitCode = 254
  }
}
