// manifest.json: what ran, where and how. Written when the run starts, and again, whole, when it ends.
import { execFile } from 'node:child_process'
import { rename, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import type { Manifest } from '../history/event.ts'

export async function writeManifest(folder: string, manifest: Manifest): Promise<void> {
  const file = path.join(folder, 'manifest.json')
  // Whole or not at all: a run that is cut off leaves the first one.
  await writeFile(`${file}.part`, `${JSON.stringify(manifest, null, 2)}\n`)
  await rename(`${file}.part`, file)
}

/** Commit of the checkout that the harness runs from; absent outside a repository. */
export async function commitOf(root: string): Promise<{ commit?: string; dirty?: boolean }> {
  const git = async (...words: string[]) => (await promisify(execFile)('git', ['-C', root, ...words], { timeout: 5_000 })).stdout.trim()
  try {
    return { commit: await git('rev-parse', 'HEAD'), dirty: (await git('status', '--porcelain', '--untracked-files=no')) !== '' }
  } catch {
    return {}
  }
}

export function machine(): Pick<Manifest, 'cores' | 'memoryBytes' | 'platform'> {
  return { cores: os.availableParallelism(), memoryBytes: os.totalmem(), platform: `${os.type()} ${os.release()} ${os.arch()}` }
}
