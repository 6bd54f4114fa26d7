// A run's folder: reports/<scenario>/<start>/, with `latest` pointing at the newest.
import { constants } from 'node:fs'
import { access, mkdir, rm, statfs, symlink } from 'node:fs/promises'
import path from 'node:path'
import { HarnessError } from '../errors.ts'

/** A quick run writes a few MB; a full one some hundred. */
const SPACE_NEEDED_BYTES = 256 * 1024 * 1024

export interface RunFolder {
  path: string
  raw: string
  logs: string
}

/**
 * @throws HarnessError `REPORTS_NOT_WRITABLE`, `DISK_FULL`
 */
export async function createRunFolder(
  reports: string,
  scenario: string,
  startedAt: Date,
  spaceNeededBytes = SPACE_NEEDED_BYTES,
): Promise<RunFolder> {
  const parent = path.resolve(reports, scenario)
  try {
    await mkdir(parent, { recursive: true })
    await access(parent, constants.W_OK)
  } catch (error) {
    throw new HarnessError('REPORTS_NOT_WRITABLE', `cannot write into ${parent}`, 'choose another folder with --reports <folder>', error)
  }
  const { bavail, bsize } = await statfs(parent)
  if (bavail * bsize < spaceNeededBytes) {
    const left = Math.floor((bavail * bsize) / 1024 / 1024)
    throw new HarnessError('DISK_FULL', `only ${left} MB are free at ${parent}`, 'free some space, or point --reports at another disk')
  }
  const folder = await firstFree(parent, startedAt.toISOString().slice(0, 19).replaceAll(':', '-'))
  const [raw, logs] = [path.join(folder, 'raw'), path.join(folder, 'logs')]
  await mkdir(raw)
  await mkdir(logs)
  return { path: folder, raw, logs }
}

/** Two runs that start within one second get folders of their own. */
async function firstFree(parent: string, name: string): Promise<string> {
  for (let n = 1; n < 100; n++) {
    const folder = path.join(parent, n === 1 ? name : `${name}-${n}`)
    try {
      await mkdir(folder)
      return folder
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    }
  }
  throw new Error(`no free folder name for ${name} in ${parent}`)
}

/** Points `latest` at the folder; where links are not to be had (some Windows accounts), there is none. */
export async function pointLatest(folder: string): Promise<void> {
  const link = path.join(path.dirname(folder), 'latest')
  try {
    await rm(link, { force: true })
    await symlink(path.basename(folder), link)
  } catch {
    // Convenience only.
  }
}
