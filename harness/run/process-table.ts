// Which processes are alive, and which belong to a run: every child carries STAMPEDE_RUN in its environment.
import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { statFields } from '../environment/process-group.ts'

/** Alive and not a zombie. */
export function isAlive(pid: number): boolean {
  // 0 would be asked of the whole group.
  if (pid <= 0) return false
  try {
    process.kill(pid, 0)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
  return stat(pid)?.[0] !== 'Z'
}

/** When the process began: with the pid, its identity. Undefined when there is none or the system does not tell. */
export function startOf(pid: number): string | undefined {
  if (process.platform === 'linux') return stat(pid)?.[19]
  try {
    return execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8' }).trim() || undefined
  } catch {
    return undefined
  }
}

/** Its command line; empty for what is gone, and where there is no /proc. */
export function commandOf(pid: number): string {
  return readProc(pid, 'cmdline').split('\0').join(' ').trim()
}

/** All live processes that carry the run's mark, but this one. Linux only; elsewhere the lease's own list must do. */
export function processesOf(run: string): { pid: number; command: string }[] {
  return processesWith('STAMPEDE_RUN', run)
}

/** All live processes, but this one, that were started with this in their environment. Linux only. */
export function processesWith(name: string, value: string): { pid: number; command: string }[] {
  if (process.platform !== 'linux') return []
  const mark = `${name}=${value}`
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .filter((pid) => readProc(pid, 'environ').split('\0').includes(mark) && isAlive(Number(pid)))
    .map((pid) => ({ pid: Number(pid), command: commandOf(Number(pid)) }))
}

/** Undefined for what is gone. */
function stat(pid: number): string[] | undefined {
  const text = readProc(pid, 'stat')
  return text === '' ? undefined : statFields(text)
}

function readProc(pid: number | string, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8')
  } catch {
    return ''
  }
}
