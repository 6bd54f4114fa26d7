// A Redis that has become a replica while its clients were not looking, as after a failover. Depending on its settings it refuses
// writes, everything (its primary is unreachable and it serves no stale data), or is a primary that refuses to write alone.
// Parameters: says (READONLY; MASTERDOWN; NOREPLICAS).
// What it does not model: the new primary, to which a client that asks Sentinel or Cluster would go.
import { choice } from '../parameters.ts'
import { fault } from './fault.ts'
import { type ByCommand, breakRedis } from './redis-by-command.ts'

/** The discard port: nothing answers there, so nothing is ever copied and no data is lost. */
const NO_PRIMARY = ['REPLICAOF', '127.0.0.1', '9']
const PROMOTED = ['REPLICAOF', 'NO', 'ONE']
const look = ['SET', 'stampede:canary', '1', 'PX', '100']

const HOW: Record<'READONLY' | 'MASTERDOWN' | 'NOREPLICAS', ByCommand> = {
  READONLY: { break: [NO_PRIMARY], mend: [PROMOTED], look, words: ['READONLY'] },
  MASTERDOWN: {
    settings: ['replica-serve-stale-data'],
    break: [['CONFIG', 'SET', 'replica-serve-stale-data', 'no'], NO_PRIMARY],
    mend: [PROMOTED],
    look: ['GET', 'stampede:canary'],
    words: ['MASTERDOWN'],
  },
  NOREPLICAS: {
    settings: ['min-replicas-to-write'],
    break: [['CONFIG', 'SET', 'min-replicas-to-write', '1']],
    look,
    words: ['NOREPLICAS'],
  },
}

export const redisReadOnly = fault({
  summary: 'Redis refuses writes, or everything, since it is a replica or has none.',
  source: 'Redis, replication (-READONLY, -MASTERDOWN, -NOREPLICAS)',
  dependency: 'redis',
  needs: ['link', 'redis'],
  faithful:
    'Live connections stay and get the error at once. Read-only scripts run under READONLY; under MASTERDOWN nothing does. No data is lost: its primary does not exist.',
  parameters: { says: choice(['READONLY', 'MASTERDOWN', 'NOREPLICAS'], 'READONLY') },
  inject: (environment, { says }, signal) => breakRedis(environment, HOW[says], signal),
})
