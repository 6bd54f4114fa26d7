// The native sidecar beside a generator: ships its raw lines to the collector until it is told that the generator has ended (SIGTERM,
// which Kubernetes sends sidecars once the main containers are done), then brings the rest. Settings come by the environment, the token
// by a file, since arguments and environments are shown to anybody who may look at pods.
//   STAMPEDE_FILE, STAMPEDE_COLLECTOR (URL), STAMPEDE_TOKEN_FILE, STAMPEDE_PART (or the number at the end of HOSTNAME), STAMPEDE_OF,
//   STAMPEDE_PLAN_HASH, STAMPEDE_DRAIN_S (default 25: below the 30 s that a pod gets to end)
import { readFile } from 'node:fs/promises'
import os from 'node:os'
import { CollectorClient } from './collector-client.ts'
import { ship } from './shipper.ts'

const { env } = process
const over = new AbortController()
const late = new AbortController()
const drainMs = Number(env.STAMPEDE_DRAIN_S ?? '25') * 1_000

process.once('SIGTERM', () => {
  over.abort()
  setTimeout(() => late.abort(new Error(`not all was brought within ${drainMs / 1_000} s`)), drainMs).unref()
})

const host = env.HOSTNAME ?? os.hostname()
const part = Number(env.STAMPEDE_PART ?? /-(\d+)(?:-[a-z0-9]+)?$/.exec(host)?.[1])
try {
  const token = (await readFile(env.STAMPEDE_TOKEN_FILE ?? '', 'utf8')).trim()
  await ship({
    file: env.STAMPEDE_FILE ?? '',
    collector: new CollectorClient(env.STAMPEDE_COLLECTOR ?? '', token),
    part,
    of: Number(env.STAMPEDE_OF),
    planHash: env.STAMPEDE_PLAN_HASH ?? '',
    host,
    over: over.signal,
    signal: late.signal,
  })
  process.exit(0)
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
  process.exit(1)
}
