// Carries out what undoes a fault. The fault itself and the next start after a kill -9 heal by these same few lines, and
// neither touches a database or a Redis that is another than the one that was broken.
import { setTimeout as pause } from 'node:timers/promises'
import { request } from 'undici'
import { runCommand } from '../environment/command.ts'
import { ASK_POSTGRES } from '../environment/postgres-identity.ts'
import { runIdOf } from '../environment/redis-identity.ts'
import type { Remedy } from '../environment/service.ts'
import { HarnessError, withoutPassword } from '../errors.ts'
import { PostgresSession } from './postgres-session.ts'
import { RedisSession } from './redis-session.ts'

/** For all statements of one remedy: a lock may have to be waited for. */
const LIMIT_MS = 20_000
const COMMAND_MS = 60_000
/** A script that is killed stops at its next step. */
const BUSY_PAUSE_MS = 20

/** @throws HarnessError `HEAL_FAILED`, `HEAL_REFUSED`; doing it twice is harmless */
export async function carryOut(remedy: Remedy, alive: (pid: number) => boolean = () => true): Promise<void> {
  const signal = AbortSignal.timeout(LIMIT_MS)
  try {
    if (remedy.do === 'sql') await heal(remedy, signal)
    else if (remedy.do === 'redis') await healRedis(remedy, signal)
    else if (remedy.do === 'command') await healByCommand(remedy)
    else if (remedy.do === 'http') await healByRequest(remedy, signal)
    else if (alive(remedy.pid)) process.kill(remedy.group ? -remedy.pid : remedy.pid, remedy.signal)
  } catch (cause) {
    if (cause instanceof HarnessError || (cause as { code?: unknown }).code === 'ESRCH') {
      if (cause instanceof HarnessError) throw cause
      return
    }
    throw new HarnessError('HEAL_FAILED', `a fault could not be healed: ${(cause as Error).message}`, byHand(remedy), cause)
  }
}

/** What somebody at a keyboard would type. */
function byHand(remedy: Remedy): string {
  if (remedy.do === 'sql') return `by hand: psql ${withoutPassword(remedy.url)} -c "${remedy.statements.join('; ')}"`
  if (remedy.do === 'redis')
    return `by hand, with redis-cli at ${remedy.address}: ${remedy.commands.map((words) => words.join(' ')).join('; ')}`
  if (remedy.do === 'command') return `by hand, in ${remedy.cwd}: ${remedy.command}`
  if (remedy.do === 'http') return `by hand: curl -X ${remedy.method} ${remedy.url}${remedy.body ? ` -d '${remedy.body}'` : ''}`
  return `by hand: kill -${remedy.signal.slice(3)} ${remedy.group ? '-- -' : ''}${remedy.pid}`
}

async function heal({ url, identity, statements }: Extract<Remedy, { do: 'sql' }>, signal: AbortSignal): Promise<void> {
  const { host, username, password, pathname } = new URL(url)
  const options = { user: decodeURIComponent(username), password: decodeURIComponent(password), database: pathname.slice(1), signal }
  await using session = await PostgresSession.open(host, options)
  const [row] = await session.ask(`set default_transaction_read_only = off; ${ASK_POSTGRES}`)
  if (row?.identity !== identity) throw refused(`the database at ${host}`)
  for (const statement of statements) await session.ask(statement)
}

async function healRedis({ address, runId, commands }: Extract<Remedy, { do: 'redis' }>, signal: AbortSignal): Promise<void> {
  const [first = []] = commands
  // One that is busy with a script answers nothing but its end: who it is can only be asked afterwards.
  const endsScript = first.join(' ').toUpperCase() === 'SCRIPT KILL'
  using session = await RedisSession.open(address, signal)
  if (endsScript) await endScript(session, signal)
  if ((await runIdOf(address)) !== runId) throw refused(`the Redis at ${address}`)
  for (const words of endsScript ? commands.slice(1) : commands) await session.ask(...words)
}

async function healByCommand({ command, cwd }: Extract<Remedy, { do: 'command' }>): Promise<void> {
  const { code, output } = await runCommand(command, { cwd, limitMs: COMMAND_MS })
  if (code !== 0) throw new Error(`\`${command}\` ended with ${code ?? 'nothing in time'}: ${output}`)
}

async function healByRequest({ method, url, body }: Extract<Remedy, { do: 'http' }>, signal: AbortSignal): Promise<void> {
  const { statusCode, body: answer } = await request(url, { method, signal, ...(body !== undefined && { body }) })
  const text = await answer.text()
  if (statusCode >= 400 && statusCode !== 404) throw new Error(`${url} answered ${statusCode}: ${text}`)
}

async function endScript(session: RedisSession, signal: AbortSignal): Promise<void> {
  for (;;) {
    const code = await session.ask('SCRIPT', 'KILL').then(
      () => 'KILLED',
      (error: { code?: string }) => error.code,
    )
    if (code === 'NOTBUSY') return
    await pause(BUSY_PAUSE_MS, undefined, { signal })
  }
}

function refused(what: string): HarnessError {
  return new HarnessError('HEAL_REFUSED', `${what} is not the one that was broken`, 'nothing to do: the broken one is gone')
}
