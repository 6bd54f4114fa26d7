#!/usr/bin/env node
// The package's program. Plain JavaScript that any Node can read, so that an old one is told what is wrong.
import process from 'node:process'

const NEEDED = 24

if (Number(process.versions.node.split('.')[0]) >= NEEDED) await import('./cli.js')
else {
  process.stderr.write(
    `\nNODE_TOO_OLD: Node ${NEEDED} or newer is needed, and this is ${process.versions.node}\n  → npx -p node@${NEEDED} -p mcp-stampede mcp-stampede ${process.argv.slice(2).join(' ')}\n`,
  )
  process.exitCode = 254
}
