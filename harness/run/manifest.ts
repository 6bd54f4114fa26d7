// manifest.json: what ran, where and how. Written when the run starts, and again, whole, when it ends.
import { execFile } from 'node:child_process'
import { rename, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import { SCHEMA_VERSION } from '../history/event.ts'
import type { Manifest } from '../history/manifest.ts'
import { leftOut } from '../load/preconditions.ts'
import { measuredArrivals } from '../plan/arrivals-measured.ts'
import { offersOf } from '../plan/offers.ts'
import type { Plan } from '../plan/plan.ts'
import type { Target } from '../target.ts'
import { rolesWithEffects } from './effects.ts'
import type { RunOptions } from './run.ts'
import type { Setting } from './setting.ts'

export async function writeManifest(folder: string, manifest: Manifest): Promise<void> {
  const file = path.join(folder, 'manifest.json')
  // Whole or not at all: a run that is cut off leaves the first one.
  await writeFile(`${file}.part`, `${JSON.stringify(manifest, null, 2)}\n`)
  await rename(`${file}.part`, file)
}

/** Commit of the checkout that the harness runs from; absent outside a repository. */
async function commitOf(root: string): Promise<{ commit?: string; dirty?: boolean }> {
  const git = async (...words: string[]) => (await promisify(execFile)('git', ['-C', root, ...words], { timeout: 5_000 })).stdout.trim()
  try {
    return { commit: await git('rev-parse', 'HEAD'), dirty: (await git('status', '--porcelain', '--untracked-files=no')) !== '' }
  } catch {
    return {}
  }
}

function machine(): Pick<Manifest, 'cores' | 'memoryBytes' | 'platform'> {
  return { cores: os.availableParallelism(), memoryBytes: os.totalmem(), platform: `${os.type()} ${os.release()} ${os.arch()}` }
}

/** All that is known before anything is started. */
export async function firstManifest(options: RunOptions, startedAt: Date, hash: string): Promise<Manifest> {
  const { plan } = options
  return {
    schemaVersion: SCHEMA_VERSION,
    run: options.lease.run,
    scenario: plan.scenario,
    target: plan.target,
    scale: plan.scale,
    seed: plan.seed,
    planHash: hash,
    ...(options.weaken !== undefined && { weaken: options.weaken }),
    ...(options.starve && { starved: true }),
    protocol: plan.protocol,
    driver: options.driver.id,
    ...(options.generators > 1 && { generators: options.generators }),
    startedAt: startedAt.toISOString(),
    state: 'running',
    url: '',
    declared: {},
    offers: {},
    errors: options.target.value.errors ?? {},
    observed: {},
    versions: options.versions,
    ...(await commitOf(options.root)),
    ...machine(),
    command: options.command,
    arrivals: measuredArrivals(plan),
    notes: [...options.notes, ...leftOut(options.driver, plan)],
  }
}

/** Adds what is known of the target once it is up. */
export function describeTarget(
  manifest: Manifest,
  { url, declared, observe, environment, elsewhere, spans, started }: Setting,
  target: Target,
  plan: Plan,
): void {
  manifest.url = url
  manifest.declared = { ...declared }
  if (Object.keys(started).length > 0) manifest.settings = started
  if (target.runbook !== undefined) manifest.runbook = target.runbook
  manifest.offers = offersOf(target, plan, declared, observe)
  for (const name of elsewhere) manifest.offers[`link:${name}`] = 'leave --toxiproxy out: toxiproxy counts no attempts to connect'
  manifest.observed = {
    ...(observe.postgres && { postgresRole: observe.postgres.role }),
    ...(observe.instanceHeader !== undefined && { instanceHeader: observe.instanceHeader }),
    ...(observe.logs && { requestId: observe.logs.requestId }),
    ...(observe.logs?.durationMs !== undefined && { durationMs: observe.logs.durationMs }),
    ...(environment.database && { effectRoles: rolesWithEffects(target) }),
  }
  if (spans) manifest.spans = spans.collected
  if (environment.postgres) manifest.versions.postgres = environment.postgres.version
  if (environment.redis) manifest.versions.redis = environment.redis.version
}

/** What is not in raw/spans.ndjson, in sentences. */
export function spanNotes({ received, kept, oneIn, refused, because }: NonNullable<Manifest['spans']> = NO_SPANS): string[] {
  return [
    ...(oneIn > 1 ? [`of ${received} spans ${kept} were kept: there is room for one of ${oneIn} traces`] : []),
    ...(refused > 0 ? [`the collector of spans refused ${refused} requests, the first with ${because}`] : []),
  ]
}

const NO_SPANS: NonNullable<Manifest['spans']> = { received: 0, kept: 0, oneIn: 1, refused: 0 }
