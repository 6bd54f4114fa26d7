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
        const { host, port } = hostAndPort(address)
        const script = path.join(folder, 'select.sql')
        await writeFile(script, 'select 1;\n')
        const args = [
          '-n',
          '-f',
          script,
          '-c',
          '8',
          '-j',
          '1',
          '-T',
          String(seconds),
          '-h',
          host,
          '-p',
          String(port),
          '-U',
          'postgres',
          'postgres',
        ]
        return figure(await output('pgbench', args), /tps = ([\d.]+) \(without/)
      },
    },
    {
      name: 'pgbench, 100 kB rows, 4 clients',
      to: 'postgres',
      async perSecond(address, seconds) {
        const { host, port } = hostAndPort(address)
        const script = path.join(folder, 'large.sql')
        await writeFile(script, "select repeat('x', 100000);\n")
        const args = [
          '-n',
          '-f',
          script,
          '-c',
          '4',
          '-j',
          '1',
          '-T',
          String(seconds),
          '-h',
          host,
          '-p',
          String(port),
          '-U',
          'postgres',
          'postgres',
        ]
        return figure(await output('pgbench', args), /tps = ([\d.]+) \(without/)
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
