// Asks a function of the target's once for each agent: a few at a time, since behind it may stand a token endpoint that counts too, and
// none for longer than half a minute, since whatever hangs there must not hang the run.
import { asked, HarnessError } from '../errors.ts'
import type { AgentIdentity } from '../target.ts'

const AT_ONCE = 16
const WITHIN_MS = 30_000

interface Question<T> {
  /** Where it stands: `agents.headers`. */
  what: string
  ask: (identity: AgentIdentity, index: number) => T | Promise<T>
  signal?: AbortSignal | undefined
  withinMs?: number
}

/**
 * @returns the answers by the agents' index
 * @throws HarnessError `TARGET_THREW`, `TARGET_HANGS`; the signal's reason
 */
export async function ofEachAgent<T>(
  agents: readonly AgentIdentity[],
  { what, ask, signal, withinMs = WITHIN_MS }: Question<T>,
): Promise<T[]> {
  const answers: T[] = []
  const left = agents.entries()
  const ends = new AbortController()
  const over = signal ? AbortSignal.any([signal, ends.signal]) : ends.signal
  const work = async (): Promise<void> => {
    for (const [index, identity] of left) {
      const question = (): Promise<T> => asked(what, async () => await ask(identity, index))
      answers[index] = await within(question, `${what} of ${identity.agent}`, withinMs, over)
    }
  }
  try {
    await Promise.all(Array.from({ length: AT_ONCE }, work))
  } finally {
    ends.abort()
  }
  return answers
}

async function within<T>(question: () => Promise<T>, what: string, ms: number, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted()
  const { promise: ended, reject } = Promise.withResolvers<never>()
  const stop = (): void => reject(signal.reason)
  signal.addEventListener('abort', stop)
  const hangs = new HarnessError(
    'TARGET_HANGS',
    `${what} gave nothing within ${ms / 1_000} s`,
    'give it a deadline of its own, and look what it waits for',
  )
  const timer = setTimeout(() => reject(hangs), ms)
  try {
    return await Promise.race([question(), ended])
  } finally {
    clearTimeout(timer)
    signal.removeEventListener('abort', stop)
  }
}
