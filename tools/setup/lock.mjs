// One set-up at a time in one folder: two parallel `npm ci` break each other. The lock is a file that holds its owner's
// process id; a lock whose owner is dead is taken over.
import { link, readFile, rm, stat, unlink, writeFile } from 'node:fs/promises'
import { setTimeout as pause } from 'node:timers/promises'
import { SetupError, say } from './words.mjs'

/**
 * @param {string} file
 * @param {() => Promise<void>} work done while holding the lock
 * @param {{ waitMs?: number, pollMs?: number, signal?: AbortSignal | undefined }} [options]
 */
export async function locked(file, work, { waitMs = 900_000, pollMs = 200, signal } = {}) {
  await take(file, { waitMs, pollMs, signal })
  try {
    await work()
  } finally {
    await rm(file, { force: true })
  }
}

/**
 * @param {string} file
 * @param {{ waitMs: number, pollMs: number, signal?: AbortSignal | undefined }} options
 */
async function take(file, { waitMs, pollMs, signal }) {
  const deadline = Date.now() + waitMs
  let said = 0
  while (!(await create(file))) {
    const owner = await readOwner(file)
    if (owner === undefined) continue
    if (!owner.alive) {
      await removeDead(file, owner.text)
      continue
    }
    if (Date.now() > deadline) {
      throw new SetupError(
        'SETUP_LOCKED',
        `another set-up (process ${owner.text}) has held ${file} for too long`,
        `when no such process runs any more: rm ${file}`,
      )
    }
    if (Date.now() - said > 10_000) {
      say(`set-up: waiting for another set-up in this folder (process ${owner.text}) …`)
      said = Date.now()
    }
    await pause(pollMs, undefined, { signal })
  }
}

/** @param {string} file */
async function create(file) {
  try {
    await writeFile(file, `${process.pid}`, { flag: 'wx' })
    return true
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false
    throw new SetupError(
      'FOLDER_NOT_WRITABLE',
      `cannot write ${file}: ${error instanceof Error ? error.message : error}`,
      'make this folder writable for you, or clone it again',
    )
  }
}

/**
 * @param {string} file
 * @returns {Promise<{ text: string, alive: boolean } | undefined>} undefined: the lock has gone
 */
async function readOwner(file) {
  try {
    const text = await readFile(file, 'utf8')
    // An owner writes its id right after creating the file: an empty lock is young, or its owner died in between.
    if (text === '') return { text, alive: Date.now() - (await stat(file)).mtimeMs < 2_000 }
    return { text, alive: isAlive(Number(text)) }
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined
    throw error
  }
}

/** @param {number} pid */
function isAlive(pid) {
  if (!Number.isInteger(pid) || pid <= 0) return false
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return codeOf(error) === 'EPERM'
  }
}

/**
 * Removes a dead owner's lock. Two may find it dead at once, and the slower one must not remove the lock that the
 * faster one has made anew: whoever gets the second name for the dead lock's file, and finds the dead owner in it, may.
 * @param {string} file
 * @param {string} deadOwner
 */
async function removeDead(file, deadOwner) {
  const claim = `${file}.dead-${deadOwner || 'empty'}`
  try {
    await link(file, claim)
  } catch (error) {
    if (codeOf(error) === 'EEXIST' && (await ageMs(claim)) > 10_000) await rm(claim, { force: true })
    else await pause(20)
    return
  }
  try {
    if ((await readFile(claim, 'utf8')) === deadOwner) await unlink(file)
  } finally {
    await rm(claim, { force: true })
  }
}

/** @param {string} file */
async function ageMs(file) {
  return await stat(file).then(
    ({ ctimeMs }) => Date.now() - ctimeMs,
    () => 0,
  )
}

/** @param {unknown} error */
function codeOf(error) {
  return error instanceof Error && 'code' in error ? error.code : undefined
}
