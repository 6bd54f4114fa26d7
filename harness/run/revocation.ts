// Takes credentials back while they are in use, in the middle of the steady phase, when nothing is broken that could come between: what an
// intruder shows as `revoked` is good until then, and must not be a moment later. By the target's own `agents.revoke`.
import { setTimeout as wait } from 'node:timers/promises'
import type { Manifest } from '../history/manifest.ts'
import type { Plan } from '../plan/plan.ts'
import type { Target, TargetContext } from '../target.ts'
import { within } from './within.ts'

const REVOKED_WITHIN_MS = 10_000

interface RevocationOptions {
  plan: Plan
  target: Target
  context: TargetContext
  t0Ms: number
  manifest: Manifest
  signal: AbortSignal
}

/** Notes in the manifest when it was done; what could not be done stands in its notes, and nobody is judged by it. Never throws. */
export async function revokeMidway({ plan, target, context, t0Ms, manifest, signal }: RevocationOptions): Promise<void> {
  const { revoke } = target.agents ?? {}
  const steady = plan.phases.find(({ name }) => name === 'steady')
  const holders = plan.agents.filter(({ tasks }) => tasks.some(({ calls }) => calls.some(({ credential }) => credential === 'revoked')))
  if (!revoke || !steady || holders.length === 0) return
  const atMs = (steady.fromMs + steady.toMs) / 2
  await wait(Math.max(0, t0Ms + atMs - Date.now()), undefined, { signal }).catch(() => undefined)
  if (signal.aborted) return
  const fromMs = Date.now() - t0Ms
  try {
    await within(REVOKED_WITHIN_MS, 'agents.revoke', signal, async () => {
      for (const { agent, index, tenant } of holders) await revoke({ agent, index, tenant }, context)
    })
    manifest.revoked = { fromMs, toMs: Date.now() - t0Ms }
  } catch (error) {
    manifest.revoked = { fromMs, toMs: plan.endsAtMs }
    const why = error === signal.reason ? 'the run was over before it was done' : (error as Error).message
    manifest.notes.push(`agents.revoke of the target failed: ${why}`)
  }
}
