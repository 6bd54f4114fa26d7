// A keeper for tests: a real folder of its own, and the processes it was told of, so that a test can see none is left.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { Keeper } from './service.ts'

export class ScratchKeeper implements Keeper, AsyncDisposable {
  readonly run: string
  readonly folder: string
  readonly kept: { pid: number; name: string }[] = []

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

  /** Names of the processes it was told of that still live. */
  get alive(): string[] {
    return this.kept.filter(({ pid }) => isAlive(pid)).map(({ name }) => name)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 })
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}
