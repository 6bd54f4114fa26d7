// The loads: each runs for a moment against an address and says how much passed a second. By the programs that people know,
// where they are installed; they say nothing when one is missing.
import { execFile } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import { promisify } from 'node:util'
import { hostAndPort } from '../../harness/environment/canary.ts'

const run = promisify(execFile)

export interface Load {
  name: string
  /** Which of the addresses it takes. */
  to: 'postgres' | 'redis' | 'http'
  /** Operations a second; undefined when its program is not installed. */
  perSecond(address: string, seconds: number): Promise<number | undefined>
}

export function loads(folder: string): Load[] {
  return [
    {
      name: 'pgbench, select 1, 8 clients',
      to: 'postgres',
      async perSecond(address, seconds) {
        return await pgbench(address, { folder, statement: 'select 1;', clients: 8, seconds })
      },
    },
    {
      name: 'pgbench, 100 kB rows, 4 clients',
      to: 'postgres',
      async perSecond(address, seconds) {
        return await pgbench(address, { folder, statement: "select repeat('x', 100000);", clients: 4, seconds })
      },
    },
    {
      name: 'redis-benchmark, GET, 20 clients',
      to: 'redis',
      async perSecond(address, seconds) {
        const { host, port } = hostAndPort(address)
        const requests = String(seconds * 10_000)
        return figure(
          await output('redis-benchmark', ['-h', host, '-p', String(port), '-t', 'get', '-n', requests, '-c', '20', '--csv']),
          /"GET","([\d.]+)"/,
        )
      },
    },
    {
      name: 'wrk, 1 kB answers, 16 connections',
      to: 'http',
      async perSecond(address, seconds) {
        return figure(await output('wrk', ['-t', '1', '-c', '16', '-d', `${seconds}s`, `http://${address}/`]), /Requests\/sec:\s+([\d.]+)/)
      },
    },
  ]
}

/** Undefined when there is no such program. */
async function output(program: string, args: string[]): Promise<string | undefined> {
  try {
    return (await run(program, args, { timeout: 60_000 })).stdout
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

function figure(text: string | undefined, pattern: RegExp): number | undefined {
  if (text === undefined) return undefined
  const found = pattern.exec(text)?.[1]
  if (found === undefined) throw new Error(`no figure in: ${text}`)
  return Number(found)
}

/** Transactions a second of one statement. */
async function pgbench(
  address: string,
  { folder, statement, clients, seconds }: { folder: string; statement: string; clients: number; seconds: number },
): Promise<number | undefined> {
  const { host, port } = hostAndPort(address)
  const script = path.join(folder, 'statement.sql')
  await writeFile(script, `${statement}\n`)
  const load = { f: script, c: clients, j: 1, T: seconds, h: host, p: port, U: 'postgres' }
  const args = ['-n', ...Object.entries(load).flatMap(([name, value]) => [`-${name}`, String(value)]), 'postgres']
  return figure(await output('pgbench', args), /tps = ([\d.]+) \(without/)
}
