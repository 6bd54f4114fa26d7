// One instance of the server is asked to leave, as in every deployment. It must say that it is not ready, finish what it has in hand,
// take nothing new, and go; no call is lost. Felt is that it was told: when it went, or that it stayed, is a finding (clean-drain).
// Parameters: instance (1; 1 to 64).
// What it does not model: an orchestrator's patience, after which it would be killed: it has the whole window.
import { setTimeout as pause } from 'node:timers/promises'
import { count } from '../parameters.ts'
import { breaking } from './breaking.ts'
import { fault } from './fault.ts'
import { neededServer } from './needed.ts'
import { proof } from './proof.ts'
import { askInstance } from './server-canary.ts'

const LOOK_EVERY_MS = 20
/** What has ended by then is said to have when it is felt, what ends later when it is healed. */
const SOON_MS = 3_000

export const serverDrained = fault({
  summary: 'Asks one instance of the server to end, under load; it is started again at the end.',
  source: 'Linux, SIGTERM; Kubernetes, "Termination of Pods"',
  dependency: 'server',
  needs: ['servers'],
  faithful: 'Its process group gets SIGTERM once. What it does then is its own affair.',
  parameters: { instance: count(1, { from: 1, to: 64 }) },
  async inject(environment, { instance }, signal) {
    const server = neededServer(environment, instance)
    const over = new AbortController()
    let told = false
    const harm = async () => {
      told = await server.signal('SIGTERM')
    }
    const heal = async () => {
      over.abort()
      await server.restart()
    }
    const undo = await breaking(environment, { remedies: [], harm, heal, signal })
    let endedMs: number | undefined
    const ended = endOf(server, over.signal).then((ms) => {
      endedMs = ms
    })
    const said = (otherwise: string) => `instance ${instance} ${endedMs === undefined ? otherwise : `ended after ${endedMs} ms`}`
    return {
      felt: async () => {
        await Promise.race([ended, pause(SOON_MS, undefined, { ref: false })])
        return { seen: told && !over.signal.aborted, detail: said('runs on') }
      },
      healed: async () => {
        const { seen, detail } = proof(await askInstance(environment, instance), ({ error }) => error === undefined && server.running)
        return { seen, detail: `${detail}; before, ${said('ran on until it was started anew')}` }
      },
      [Symbol.asyncDispose]: () => undo[Symbol.asyncDispose](),
    }
  },
})

/** ms until nothing of it is left; undefined when something was until the signal. */
async function endOf(server: ReturnType<typeof neededServer>, over: AbortSignal): Promise<number | undefined> {
  const toldMs = performance.now()
  while (!over.aborted) {
    const gone = await server.hasGone().catch(() => false)
    if (gone && !over.aborted) return Math.round(performance.now() - toldMs)
    await pause(LOOK_EVERY_MS)
  }
  return undefined
}
