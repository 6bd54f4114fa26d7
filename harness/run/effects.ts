// Counts what the run's writes have left behind, by idempotency key, once the database is quiet.
import path from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { z } from 'zod'
import type { Database } from '../environment/service.ts'
import { HarnessError } from '../errors.ts'
import type { Manifest } from '../history/manifest.ts'
import type { EffectLine } from '../history/raw-line.ts'
import type { Role } from '../plan/plan.ts'
import type { Target } from '../target.ts'
import type { RunFolder } from './folder.ts'
import { LineFile } from './line-file.ts'

const QUIET_WITHIN_MS = 10_000
const LOOK_EVERY_MS = 50

const ROW = z.object({
  key: z.string(),
  rows: z.coerce.number().int().nonnegative(),
  names: z.array(z.coerce.string()).default([]),
  tenant: z.coerce.string().exactOptional(),
})

const ACTIVITY = "select count(*)::int as busy from pg_stat_activity where usename = $1 and state <> 'idle'"

/** The roles whose effects can be counted. */
export function rolesWithEffects(target: Target): Role[] {
  return Object.entries(target.tools ?? {})
    .filter(([, tool]) => tool.effects)
    .map(([role]) => role as Role)
}

/**
 * Writes raw/effects.ndjson where there is something to count; a run without this file has not counted its effects.
 * @returns notes for the manifest
 * @throws HarnessError `EFFECTS_QUERY_FAILED`
 */
export async function recordEffects(
  database: Database | undefined,
  target: Target,
  { run, observed }: Manifest,
  { raw }: RunFolder,
): Promise<string[]> {
  if (!database || rolesWithEffects(target).length === 0) return []
  const { lines, notes } = await readEffects(database, target, run, observed.postgresRole)
  await using effects = await LineFile.create<EffectLine>(path.join(raw, 'effects.ndjson'))
  for (const line of lines) effects.append(line)
  await effects.flush()
  return notes
}

/**
 * @param role the app's role at the database, whose activity must be 0 first; undefined: not known, read at once
 * @returns a line a key, and a note when the database did not become quiet
 * @throws HarnessError `EFFECTS_QUERY_FAILED`
 */
async function readEffects(
  database: Database,
  target: Target,
  run: string,
  role: string | undefined,
): Promise<{ lines: EffectLine[]; notes: string[] }> {
  const quiet = role === undefined || (await becomesQuiet(database, role))
  const notes = quiet ? [] : [`the database was still busy ${QUIET_WITHIN_MS / 1_000} s after the load: effects were counted all the same`]
  const lines: EffectLine[] = []
  for (const [name, tool] of Object.entries(target.tools ?? {})) {
    if (!tool.effects) continue
    const rows = await database.query(tool.effects.sql, [`${run}.%`]).catch((error: unknown) => {
      throw new HarnessError(
        'EFFECTS_QUERY_FAILED',
        `tools.${name}.effects.sql failed: ${(error as Error).message}`,
        'it must return key, rows and optionally names and tenant; $1 is a LIKE pattern',
        error,
      )
    })
    for (const row of rows) {
      const parsed = ROW.safeParse(row)
      if (!parsed.success)
        throw new HarnessError(
          'EFFECTS_QUERY_FAILED',
          `tools.${name}.effects.sql returned ${JSON.stringify(row)}`,
          'each row needs key (text) and rows (a count); names (text[]) and tenant (text) are optional',
        )
      lines.push({ kind: 'effect', role: name as Role, ...parsed.data })
    }
  }
  return { lines, notes }
}

async function becomesQuiet(database: Database, role: string): Promise<boolean> {
  const deadline = Date.now() + QUIET_WITHIN_MS
  while (Date.now() < deadline) {
    const [row] = await database.query(ACTIVITY, [role])
    if (Number(row?.busy) === 0) return true
    await wait(LOOK_EVERY_MS)
  }
  return false
}
