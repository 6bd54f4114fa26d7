// Harm that can be undone. What undoes it is on disk before it is done, and it is undone once, by whoever comes first: the
// end of the window, an abort, or the next start after a kill -9.
import type { Environment, Remedy } from '../environment/service.ts'
import { carryOut } from './remedy.ts'

export interface Breaking {
  /** Carried out in this order. */
  remedies: readonly Remedy[]
  harm: () => Promise<unknown>
  /** Instead of carrying the remedies out, for what a file cannot say; must bear being called again after it failed. */
  heal?: () => Promise<unknown>
  signal: AbortSignal
}

/** @returns heals when disposed; twice is harmless, and after a heal that failed tries again */
export async function breaking({ keeper }: Environment, { remedies, harm, heal, signal }: Breaking): Promise<AsyncDisposable> {
  signal.throwIfAborted()
  const forget = keeper?.remember(remedies) ?? (() => {})
  let healing: Promise<void> | undefined
  const undo = () => {
    healing ??= undone(remedies, heal).then(forget)
    healing.catch(() => {
      healing = undefined
    })
    return healing
  }
  const aborted = () => void undo().catch(() => {})
  try {
    await harm()
    signal.throwIfAborted()
  } catch (error) {
    await undo().catch(() => {})
    throw error
  }
  signal.addEventListener('abort', aborted, { once: true })
  return {
    async [Symbol.asyncDispose]() {
      signal.removeEventListener('abort', aborted)
      await undo()
    },
  }
}

async function undone(remedies: readonly Remedy[], heal: (() => Promise<unknown>) | undefined): Promise<void> {
  if (heal) await heal()
  else for (const remedy of remedies) await carryOut(remedy)
}
