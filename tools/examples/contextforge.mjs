// ContextForge with toolbox behind it, as its manual says: both are started, the second is registered with the
// first through its API, and only then READY_PORT answers. USERS: how many users agent-<n>@example.com it gets.
// What both print goes on; they end with this program, or it with them. Its database is made anew each time.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { rmSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { createServer } from 'node:http'
import path from 'node:path'
import process from 'node:process'
import { setTimeout as pause } from 'node:timers/promises'

const PLACE = '.tools/examples/contextforge'
const READY_MS = 170_000
const { PORT = '', READY_PORT = '', TOKEN = '', USERS = '0' } = process.env
const toolboxPort = await freePort()
const state = path.resolve(PLACE, `state-${PORT}`)

rmSync(state, { recursive: true, force: true })
await mkdir(state)
process.once('exit', () => rmSync(state, { recursive: true, force: true }))
for (const name of ['SIGTERM', 'SIGINT']) process.once(name, () => process.exit())

start('.tools/examples/toolbox/node_modules/.bin/toolbox', [
  ...['--config', 'tools/examples/toolbox.yaml', '--port', toolboxPort],
  ...['--disable-version-check', '--disable-reload'],
])
start('python3', ['-m', 'mcpgateway.cli', '--host', '127.0.0.1', '--port', PORT], {
  PYTHONPATH: `${PLACE}/python`,
  DATABASE_URL: `sqlite:///${state}/gateway.db`,
})

const limit = AbortSignal.timeout(READY_MS)
await Promise.all([`http://127.0.0.1:${toolboxPort}/`, `http://127.0.0.1:${PORT}/health`].map(untilUp))
await asAdministrator('/gateways', { name: 'ledger', url: `http://127.0.0.1:${toolboxPort}/mcp`, transport: 'STREAMABLEHTTP' })
for (let n = 0; n < Number(USERS); n++)
  await asAdministrator('/auth/email/admin/users', {
    email: `agent-${n}@example.com`,
    password: 'Guards-nothing-7-but-an-Example!',
    is_admin: true,
  })
createServer((_, response) => response.end('ready')).listen(Number(READY_PORT), '127.0.0.1')

/**
 * @param {string} path
 * @param {object} body
 */
async function asAdministrator(path, body) {
  const answer = await fetch(`http://127.0.0.1:${PORT}${path}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
    signal: limit,
  })
  if (!answer.ok) throw new Error(`${path} answered ${answer.status}: ${await answer.text()}`)
}

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address())
  server.close()
  await once(server, 'close')
  return String(port)
}

/**
 * @param {string} program
 * @param {string[]} args
 * @param {Record<string, string>} [env]
 */
function start(program, args, env) {
  const child = spawn(program, args, { stdio: ['ignore', 'inherit', 'inherit'], env: { ...process.env, ...env } })
  child.once('exit', (code, signal) => {
    console.error(`${program} ended: ${signal ?? code}`)
    process.exit(1)
  })
}

/** @param {string} url */
async function untilUp(url) {
  while (
    !(await fetch(url, { signal: limit }).then(
      ({ ok }) => ok,
      () => false,
    ))
  )
    await pause(200, undefined, { signal: limit })
}
