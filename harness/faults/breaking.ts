// Harm that can be undone. What undoes it is on disk before it is done, and it is undone once, by whoever comes first: the
// end of the window, an abort, or the next start after a kill -9.
import type { Environment, Remedy } from '../environment/service.ts'
import { HarnessError } from '../errors.ts'
import { carryOut } from './remedy.ts'

export interface Breaking {
  /** Carried out in this order. */
  remedies: readonly Remedy[]
  harm: () => Promise<unknown>
  /** Instead of carrying the remedies out, for what a file cannot say; must bear being called again after it failed. */
  heal?: () => Promise<unknown>
  signal: AbortSignal
}

/**
 * @returns heals when disposed; twice is harmless, and after a heal that failed tries again
 * @throws HarnessError `HEAL_FAILED` when harm was done half-way and not undone; else what the harm threw
 */
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
    await undo().catch((cause: Error & { hint?: string }) => {
      const hint = cause.hint ?? 'the next start tries again where it can; see what is left'
      throw new HarnessError('HEAL_FAILED', `a fault was half injected and not healed: ${cause.message}`, hint, cause)
    })
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
