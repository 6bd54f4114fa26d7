// One server of benchmarks/server.ts and somebody who calls it: rounds of so many calls, what they took and what they cost.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import path from 'node:path'
import { Pool } from 'undici'
import type { Figures } from './worker.ts'

export const AT_ONCE = 32

export interface Server {
  child: ChildProcess
  port: number
}

/** @param pinned a command that keeps what follows it on one core, or nothing */
export async function startServer(
  name: 'bare' | 'hardened' | 'plain-refusal',
  more: Record<string, string>,
  pinned: readonly string[],
  signal: AbortSignal,
): Promise<Server> {
  const { CPU_PROF: folder } = process.env
  const profile = folder ? ['--cpu-prof', `--cpu-prof-dir=${folder}`, `--cpu-prof-name=${more.INSTANCE ?? name}.cpuprofile`] : []
  const [file = '', ...args] = [...pinned, process.execPath, '--expose-gc', ...profile, path.join(import.meta.dirname, `${name}.ts`)]
  const child = spawn(file, args, { env: { ...process.env, ...more }, stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
  const [said] = (await Promise.race([once(child, 'message', { signal }), once(child, 'exit').then(() => [undefined])])) as [
    { port: number } | undefined,
  ]
  if (!said) throw new Error(`the ${name} server did not start`)
  return { child, port: said.port }
}

export async function figures({ child }: Server, wanted: 'cpu' | 'memory'): Promise<Figures> {
  const told = once(child, 'message') as Promise<[Figures]>
  child.send(wanted)
  return (await told)[0]
}

export interface Caller {
  server: Server
  /** @returns whether the answer was the expected one */
  one: () => Promise<boolean>
}

export interface Asked {
  path: string
  tool: string
  token?: string
  /** The status of the answer. */
  expected: number
}

export function caller(server: Server, { path: place, tool, token, expected }: Asked): Caller {
  const pool = new Pool(`http://127.0.0.1:${server.port}`, { connections: AT_ONCE })
  const _meta = {
    'io.modelcontextprotocol/protocolVersion': '2026-07-28',
    'io.modelcontextprotocol/clientInfo': { name: 'benchmark', version: '1' },
    'io.modelcontextprotocol/clientCapabilities': {},
  }
  const args = tool === 'echo' ? { text: 'hello' } : {}
  const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: tool, arguments: args, _meta } })
  const headers = {
    'content-type': 'application/json',
    accept: 'application/json, text/event-stream',
    'mcp-protocol-version': '2026-07-28',
    'mcp-method': 'tools/call',
    'mcp-name': tool,
    ...(token !== undefined && { authorization: `Bearer ${token}` }),
  }
  return {
    server,
    async one() {
      const { statusCode, body: answer } = await pool.request({ method: 'POST', path: place, headers, body })
      const text = await answer.text()
      return statusCode === expected && !text.includes('"isError":true')
    },
  }
}

export interface Round {
  perSecond: number
  cpuMs: number
  unexpected: number
}

/** So many calls, AT_ONCE at a time. */
export async function round({ server, one }: Caller, calls: number): Promise<Round> {
  const before = await figures(server, 'cpu')
  const begunMs = performance.now()
  const unexpected = await many({ server, one }, calls)
  const tookMs = performance.now() - begunMs
  const after = await figures(server, 'cpu')
  return { perSecond: (calls / tookMs) * 1_000, cpuMs: (after.cpuMs - before.cpuMs) / calls, unexpected }
}

/** @returns how many answers were not the expected ones */
export async function many({ one }: Caller, count: number): Promise<number> {
  let left = count
  let unexpected = 0
  const work = async (): Promise<void> => {
    while (left-- > 0) if (!(await one())) unexpected += 1
  }
  await Promise.all(Array.from({ length: AT_ONCE }, work))
  return unexpected
}
