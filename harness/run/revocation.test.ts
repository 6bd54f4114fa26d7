import { expect, test } from 'vitest'
import type { Manifest } from '../history/manifest.ts'
import type { Credential, Plan } from '../plan/plan.ts'
import type { TargetContext } from '../target.ts'
import { target } from '../target.ts'
import { revokeMidway } from './revocation.ts'

const agent = (name: string, index: number, credential?: Credential) => {
  const call = { turn: 1, role: 'cheapRead' as const, arguments: {}, thinkMs: 0, ...(credential && { credential }) }
  return { agent: name, index, tenant: 't0', tasks: [{ task: 't1', atMs: 0, calls: [call] }] }
}
const plan = {
  phases: [
    { name: 'warm-up', fromMs: 0, toMs: 20 },
    { name: 'steady', fromMs: 20, toMs: 60 },
  ],
  agents: [agent('steady-01', 0), agent('intruder-01', 1, 'revoked'), agent('intruder-02', 2, 'expired')],
  endsAtMs: 9_000,
} as unknown as Plan

/** @returns whom it took what from, and what the manifest says of it */
async function midway(revoke?: (agent: string) => Promise<void>, signal = new AbortController().signal) {
  const manifest = { notes: [] as string[] } as unknown as Manifest
  const taken: string[] = []
  const own =
    revoke &&
    (async (identity: { agent: string }) => {
      taken.push(identity.agent)
      await revoke(identity.agent)
    })
  const options = { url: 'http://127.0.0.1:1/mcp', agents: { ...(own && { revoke: own }) } }
  await revokeMidway({ plan, target: target(options), context: {} as TargetContext, t0Ms: Date.now(), manifest, signal })
  return { taken, manifest }
}

test('in the middle of the steady phase, from those who show it', async () => {
  const { taken, manifest } = await midway(async () => undefined)
  expect(taken).toEqual(['intruder-01'])
  expect(manifest.revoked?.fromMs).toBeGreaterThanOrEqual(40)
  expect(manifest.revoked?.toMs).toBeGreaterThanOrEqual(manifest.revoked?.fromMs ?? 0)
})

test('what failed is noted, and nobody is judged by it', async () => {
  const { manifest } = await midway(() => Promise.reject(new Error('no such table')))
  expect(manifest.notes).toEqual(['agents.revoke of the target failed: no such table'])
  expect(manifest.revoked?.toMs).toBe(9_000)
})

test('one that hangs does not keep the run', async () => {
  const over = new AbortController()
  const { manifest } = await midway(() => {
    over.abort()
    return new Promise(() => undefined)
  }, over.signal)
  expect(manifest.notes).toEqual(['agents.revoke of the target failed: the run was over before it was done'])
  expect(manifest.revoked?.toMs).toBe(9_000)
})

test('nothing where the target cannot, or the run is over', async () => {
  expect((await midway()).manifest.revoked).toBeUndefined()
  expect((await midway(async () => undefined, AbortSignal.abort())).taken).toEqual([])
})
