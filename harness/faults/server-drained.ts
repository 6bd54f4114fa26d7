// One instance of the server is asked to leave, as in every deployment. It must say that it is not ready, finish what it has in hand,
// take nothing new, and go; no call is lost.
// Parameters: instance (1; 1 to 64).
// What it does not model: an orchestrator's patience, after which it would be killed: it has the whole window.
import { setTimeout as pause } from 'node:timers/promises'
import { count } from '../parameters.ts'
import { breaking } from './breaking.ts'
import { fault } from './fault.ts'
import { neededServer } from './needed.ts'
import { proof } from './proof.ts'
import { askInstance } from './server-canary.ts'

const PATIENCE_MS = 4_800

export const serverDrained = fault({
  summary: 'Asks one instance of the server to end, under load; it is started again at the end.',
  source: 'Linux, SIGTERM; Kubernetes, "Termination of Pods"',
  dependency: 'server',
  needs: ['servers'],
  faithful: 'Its process group gets SIGTERM once. What it does then is its own affair.',
  parameters: { instance: count(1, { from: 1, to: 64 }) },
  async inject(environment, { instance }, signal) {
    const server = neededServer(environment, instance)
    const toldMs = performance.now()
    const undo = await breaking(environment, { remedies: [], harm: () => server.signal('SIGTERM'), heal: () => server.restart(), signal })
    return {
      felt: async () => {
        const untilMs = toldMs + PATIENCE_MS
        let gone = await server.hasGone()
        while (!gone && performance.now() < untilMs && !signal.aborted) {
          await pause(20)
          gone = await server.hasGone()
        }
        const what = gone ? `ended after ${Math.round(performance.now() - toldMs)} ms` : 'runs on'
        return { seen: gone, detail: `instance ${instance} ${what}` }
      },
      healed: async () => proof(await askInstance(environment, instance), ({ error }) => error === undefined && server.running),
      [Symbol.asyncDispose]: () => undo[Symbol.asyncDispose](),
    }
  },
})
