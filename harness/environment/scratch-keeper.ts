// A keeper for tests: a real folder of its own, and the processes it was told of, so that a test can see none is left.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { processes } from './process-group.ts'
import type { FaultKeeper, Remedy } from './service.ts'

export class ScratchKeeper implements FaultKeeper, AsyncDisposable {
  readonly run: string
  readonly folder: string
  readonly kept: { pid: number; name: string }[] = []
  /** Of the faults in force. */
  readonly remedies = new Set<readonly Remedy[]>()

  private constructor(folder: string) {
    this.folder = folder
    this.run = path.basename(folder)
  }

  static async open(): Promise<ScratchKeeper> {
    return new ScratchKeeper(await mkdtemp(path.join(tmpdir(), 'stampede-test-')))
  }

  process(pid: number, name: string): void {
    this.kept.push({ pid, name })
  }

  remember(remedies: readonly Remedy[]): () => void {
    this.remedies.add(remedies)
    return () => void this.remedies.delete(remedies)
  }

  /** Names of the processes it was told of that still live. */
  async alive(): Promise<string[]> {
    const living = new Set((await processes()).map(({ pid }) => pid))
    return this.kept.filter(({ pid }) => living.has(pid)).map(({ name }) => name)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 })
  }
}
