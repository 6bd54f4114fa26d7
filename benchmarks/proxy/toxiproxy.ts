// Toxiproxy 2.12 to compare with: built once by Go, from the module beside this file, into .tools/.
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import path from 'node:path'
import { promisify } from 'node:util'
import { startChild } from '../../harness/environment/child.ts'
import { freePort } from '../../harness/environment/free-port.ts'
import type { Keeper } from '../../harness/environment/service.ts'

const VERSION = '2.12.0'
const PROGRAM = path.join(import.meta.dirname, '..', '..', '.tools', `toxiproxy-${VERSION}`)

export interface Toxiproxy extends AsyncDisposable {
  pid: number
  /** `host:port` of its proxies, in the order of what they lead to. */
  addresses: string[]
}

/** Without a toxic on any of them. */
export async function startToxiproxy(keeper: Keeper, to: string[], signal: AbortSignal): Promise<Toxiproxy> {
  if (!existsSync(PROGRAM)) await build()
  const port = await freePort()
  const child = await startChild({ keeper, name: 'toxiproxy', file: PROGRAM, args: ['-port', String(port)] })
  await using starting = new AsyncDisposableStack()
  starting.defer(async () => void (await child.stop('SIGTERM', 1_000)))
  await child.said(/Starting HTTP server|starting/i, 10_000, signal)
  const addresses: string[] = []
  for (const [i, upstream] of to.entries()) {
    const listen = `127.0.0.1:${await freePort()}`
    await create(`http://127.0.0.1:${port}/proxies`, { name: `p${i}`, listen, upstream, enabled: true }, signal)
    addresses.push(listen)
  }
  const started = starting.move()
  return { pid: child.pid, addresses, [Symbol.asyncDispose]: () => started.disposeAsync() }
}

async function build(): Promise<void> {
  console.log(`building toxiproxy ${VERSION} (once, under a minute)`)
  const args = ['build', '-trimpath', '-ldflags', '-s -w', '-o', PROGRAM, 'github.com/Shopify/toxiproxy/v2/cmd/server']
  const env = { ...process.env, CGO_ENABLED: '0', GOFLAGS: '-mod=readonly' }
  await promisify(execFile)('go', args, { cwd: path.join(import.meta.dirname, 'toxiproxy'), env, timeout: 300_000 })
}

/** It may take a moment until its own port is open. */
async function create(url: string, body: object, signal: AbortSignal): Promise<void> {
  for (let tries = 50; ; tries--) {
    const answer = await fetch(url, { method: 'POST', body: JSON.stringify(body), signal }).catch((error: Error) => error)
    if (answer instanceof Response && answer.ok) return
    if (tries === 0) throw new Error(`toxiproxy made no proxy: ${answer instanceof Response ? await answer.text() : answer.message}`)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}
