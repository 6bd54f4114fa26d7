// A test hook (`--starve`): stops the generator half of the time, so that it cannot keep its plan. Shows that load-offered
// can say no.
import { setTimeout as wait } from 'node:timers/promises'

const PERIOD_MS = 600

/** Until the signal; the process is left running. */
export async function starve(pid: number, signal: AbortSignal): Promise<void> {
  try {
    while (!signal.aborted) {
      process.kill(pid, 'SIGSTOP')
      await wait(PERIOD_MS / 2, undefined, { signal }).catch(() => undefined)
      process.kill(pid, 'SIGCONT')
      await wait(PERIOD_MS / 2, undefined, { signal }).catch(() => undefined)
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}
