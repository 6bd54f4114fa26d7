// One command line of the user's own, through a shell, in a process group of its own that ends at its limit.
import { spawn } from 'node:child_process'
import type { Socket } from 'node:net'

const OUTPUT_MAX = 2_000

export interface CommandOptions {
  cwd: string
  limitMs: number
  /** Added to the harness's own environment. */
  env?: Record<string, string>
  signal?: AbortSignal
}

export interface CommandEnd {
  /** Null when it was ended at its limit. */
  code: number | null
  /** The end of what it printed. */
  output: string
}

/** Resolves once it has ended; a failure is its exit code, never an exception. */
export async function runCommand(command: string, { cwd, limitMs, env = {}, signal }: CommandOptions): Promise<CommandEnd> {
  const [shell, flag] = process.platform === 'win32' ? ['cmd.exe', '/c'] : ['/bin/sh', '-c']
  const child = spawn(shell, [flag, command], {
    cwd,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output = (output + text).slice(-OUTPUT_MAX)
    })
  }
  const end = () => {
    try {
      process.kill(-(child.pid ?? 0) || Number.NaN, 'SIGKILL')
    } catch {
      // Gone already.
    }
  }
  const limit = AbortSignal.any([AbortSignal.timeout(limitMs), ...(signal ? [signal] : [])])
  limit.addEventListener('abort', end, { once: true })
  if (limit.aborted) end()
  return await new Promise<CommandEnd>((resolve) => {
    const settle = (code: number | null) => {
      limit.removeEventListener('abort', end)
      resolve({ code, output: output.trim() })
    }
    child.once('error', (error) => {
      output = error.message
      settle(127)
    })
    child.once('exit', (code) => {
      // What it left running in the background holds its output, and must not hold us: it is still read, and not waited for.
      for (const stream of [child.stdout, child.stderr]) (stream as Socket).unref()
      setTimeout(settle, 20, code)
    })
  })
}
