// A Redis that reads but does not write for a while: a failover in progress, when the old primary holds its clients' writes back
// until the new one has caught up. Writers hang, readers and PING are as quick as ever, so a health check sees nothing.
// Parameters: none.
// What it does not model: a pause that ends by itself; it lasts for the window.
import { fault } from './fault.ts'
import { breakRedis } from './redis-by-command.ts'

/** Longer than any window; the end of the window unpauses. */
const PAUSE_MS = 3_600_000

export const redisWritesPaused = fault({
  summary: 'Redis holds back every command that may write.',
  source: 'Redis, CLIENT PAUSE WRITE',
  dependency: 'redis',
  needs: ['link', 'redis'],
  faithful:
    'Commands that write, and scripts that might, are not answered; reads are. At the end all that waited are carried out at once, in order.',
  parameters: {},
  inject: (environment, _parameters, signal) =>
    breakRedis(
      environment,
      {
        break: [['CLIENT', 'PAUSE', String(PAUSE_MS), 'WRITE']],
        mend: [['CLIENT', 'UNPAUSE']],
        look: ['SET', 'stampede:canary', '1', 'PX', '100'],
        words: ['TIMEOUT'],
        lookMs: 500,
      },
      signal,
    ),
})
