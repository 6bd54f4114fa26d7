// Asks a function of the target's once for each agent: a few at a time, since behind it may stand a token endpoint that counts too, and
// none for longer than half a minute, since whatever hangs there must not hang the run.
import { asked } from '../errors.ts'
import type { AgentIdentity } from '../target.ts'
import { within } from './within.ts'

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
      answers[index] = await within(withinMs, `${what} of ${identity.agent}`, over, question)
    }
  }
  try {
    await Promise.all(Array.from({ length: AT_ONCE }, work))
  } finally {
    ends.abort()
  }
  return answers
}
