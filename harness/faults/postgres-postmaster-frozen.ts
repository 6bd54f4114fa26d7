// A database that is half there: sessions that are open work on, and no new one is ever answered. Health checks over a warm
// pool are green while every instance that must connect hangs.
// Parameters: none.
// What it does not model: a postmaster that is merely slow; no backend dies or is started meanwhile.
import type { Remedy } from '../environment/service.ts'
import { breaking } from './breaking.ts'
import { fault } from './fault.ts'
import { neededLink, provenPostgres } from './needed.ts'
import { postgresLook } from './postgres-session.ts'
import { byWord } from './proof.ts'

const LOOK_MS = 500

export const postgresPostmasterFrozen = fault({
  summary: 'Stops the process that answers new connections to Postgres.',
  source: 'Linux, SIGSTOP; Huang et al., "Gray Failure" (HotOS 2017)',
  dependency: 'postgres',
  needs: ['link', 'postgres'],
  faithful:
    'A new connection is made (the kernel does that) and then says nothing; open ones are as quick as ever. At the end all that waited are answered at once.',
  parameters: {},
  async inject(environment, _parameters, signal) {
    const link = neededLink(environment, 'postgres')
    const postgres = await provenPostgres(environment)
    const remedy: Remedy = { do: 'signal', pid: postgres.pid, group: false, signal: 'SIGCONT' }
    const harm = () => postgres.signal('SIGSTOP')
    const undo = await breaking(environment, { remedies: [remedy], harm, heal: () => postgres.signal('SIGCONT'), signal })
    const look = (stop?: AbortSignal) => postgresLook(link, 'select 1', { limitMs: LOOK_MS, ...(stop && { signal: stop }) })
    return { ...byWord(['TIMEOUT'], signal, look), [Symbol.asyncDispose]: () => undo[Symbol.asyncDispose]() }
  },
})
