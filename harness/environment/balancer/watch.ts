// Asks every instance's readiness, a few times a second, one question at a time.
import { setTimeout as wait } from 'node:timers/promises'
import { Agent, request } from 'undici'
import type { Heard, Rotation } from './rotation.ts'

const EVERY_MS = 250
const ANSWER_MS = 1_000

/** A connection a question: a warm one would hide that no new one is accepted. */
const dispatcher = new Agent({ pipelining: 0, connect: { timeout: ANSWER_MS } })

/** Never ends. */
export async function watch(instance: number, readyUrl: string, rotation: Rotation): Promise<never> {
  for (;;) {
    rotation.hear(instance, await ask(readyUrl), Date.now())
    await wait(EVERY_MS)
  }
}

async function ask(readyUrl: string): Promise<Heard> {
  const limit = AbortSignal.timeout(ANSWER_MS)
  try {
    const { statusCode, body } = await request(readyUrl, { dispatcher, signal: limit, headers: { connection: 'close' } })
    await body.dump()
    return statusCode >= 200 && statusCode < 300 ? 'ready' : 'not-ready'
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    // A reset is an instance on its way out: it accepted and is gone.
    return limit.aborted || code === 'UND_ERR_CONNECT_TIMEOUT' ? 'silent' : 'refused'
  }
}
