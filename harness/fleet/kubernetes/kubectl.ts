// The cluster, by way of the user's own kubectl: it knows their contexts, their logins and their proxies.
import { spawn } from 'node:child_process'
import { HarnessError } from '../../errors.ts'
import { shellWord } from '../shell-word.ts'
import type { Yaml } from './yaml.ts'

const ANSWER_MS = 60_000
const SAID_CHARACTERS_MAX = 4_000
const FORWARDED_WITHIN_MS = 15_000

/** Of an object, what we read of it. */
export interface Found {
  kind: string
  metadata: { name: string; uid: string; labels?: Record<string, string> }
  status?: { stage?: string; phase?: string; containerStatuses?: unknown[]; [key: string]: unknown }
}

export interface Forward extends Disposable {
  pid: number
  url: string
  /** It ended by itself. */
  readonly gone: boolean
}

export class Kubectl {
  readonly #program: string
  readonly #words: string[]

  constructor({ program = 'kubectl', context, namespace }: { program?: string; context: string; namespace?: string }) {
    this.#program = program
    this.#words = ['--context', context, ...(namespace === undefined ? [] : ['--namespace', namespace])]
  }

  /** As somebody at a keyboard would type it. */
  shown(...words: string[]): string {
    return [this.#program, ...this.#words, ...words].map(shellWord).join(' ')
  }

  async apply(objects: readonly Yaml[], signal: AbortSignal): Promise<void> {
    const list = JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects })
    await this.#run(['apply', '--server-side', '--field-manager=stampede', '-f', '-'], signal, list)
  }

  async get(kinds: string, label: string, signal: AbortSignal): Promise<Found[]> {
    const text = await this.#run(['get', kinds, '-l', label, '-o', 'json', '--ignore-not-found'], signal)
    return text.trim() === '' ? [] : (JSON.parse(text) as { items: Found[] }).items
  }

  /** Returns when they are marked; Kubernetes ends what they have running. */
  async delete(kinds: string, label: string, signal: AbortSignal): Promise<void> {
    await this.#run(this.deleteWords(kinds, label), signal)
  }

  deleteWords(kinds: string, label: string): string[] {
    return ['delete', kinds, '-l', label, '--ignore-not-found', '--wait=false']
  }

  /** A port of this machine that leads to one of the pod behind it. */
  async forward(to: string, port: number, signal: AbortSignal): Promise<Forward> {
    const child = spawn(this.#program, [...this.#words, 'port-forward', to, `:${port}`, '--address', '127.0.0.1'], {
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let said = ''
    let gone = false
    const limit = AbortSignal.any([signal, AbortSignal.timeout(FORWARDED_WITHIN_MS)])
    try {
      const local = await new Promise<string>((resolve, reject) => {
        const take = (chunk: Buffer) => {
          said = (said + String(chunk)).slice(-SAID_CHARACTERS_MAX)
          const found = /Forwarding from 127\.0\.0\.1:(\d+)/.exec(said)?.[1]
          if (found !== undefined) resolve(found)
        }
        child.stdout.on('data', take)
        child.stderr.on('data', take)
        child.once('error', reject).once('close', () => {
          gone = true
          reject(new Error(said.trim() || 'it ended'))
        })
        limit.addEventListener('abort', () => reject(new Error(said.trim() || 'it said nothing')), { once: true })
      })
      return {
        pid: child.pid ?? 0,
        url: `http://127.0.0.1:${local}`,
        get gone() {
          return gone
        },
        [Symbol.dispose]: () => void child.kill('SIGKILL'),
      }
    } catch (error) {
      child.kill('SIGKILL')
      throw error
    }
  }

  async #run(words: string[], signal: AbortSignal, input = ''): Promise<string> {
    const child = spawn(this.#program, [...this.#words, ...words], {
      stdio: ['pipe', 'pipe', 'pipe'],
      signal: AbortSignal.any([signal, AbortSignal.timeout(ANSWER_MS)]),
      killSignal: 'SIGKILL',
    })
    let [stdout, stderr] = ['', '']
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text))
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr = (stderr + text).slice(-SAID_CHARACTERS_MAX)
    })
    // It may end before it has read all.
    child.stdin.on('error', () => undefined).end(input)
    const code = await new Promise<number | null>((resolve, reject) => child.once('close', resolve).once('error', reject)).catch(
      (error: unknown) => {
        signal.throwIfAborted()
        throw new HarnessError(
          'KUBECTL_FAILED',
          `${this.#program} cannot be run: ${(error as Error).message}`,
          'install kubectl, or name it with --kubectl <file>',
          error,
        )
      },
    )
    if (code === 0) return stdout
    throw new HarnessError('KUBECTL_FAILED', `${words[0]} ended with ${code}: ${stderr.trim()}`, `try it by hand: ${this.shown(...words)}`)
  }
}
