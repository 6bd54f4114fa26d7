// `--baseline <folder|file>`: the verdicts that a run is held against, from a run's folder or its verdicts.json.
import { readFile, stat } from 'node:fs/promises'
import path from 'node:path'
import { z } from 'zod'
import type { Verdicts } from '../checks/check.ts'
import { HarnessError } from '../errors.ts'

const schema = z.looseObject({
  run: z.string(),
  scenario: z.string(),
  target: z.string(),
  status: z.enum(['pass', 'fail', 'unknown']),
  verdicts: z
    .array(
      z.looseObject({
        check: z.string(),
        code: z.string(),
        title: z.string(),
        status: z.enum(['pass', 'fail', 'unknown', 'not-judged']),
        measured: z.number().exactOptional(),
        unit: z.string().exactOptional(),
      }),
    )
    .max(1_000),
})

/** @throws HarnessError `BASELINE_NOT_FOUND`, `BASELINE_DAMAGED` */
export async function readBaseline(given: string): Promise<Verdicts> {
  const folder = await stat(given).then(
    (found) => found.isDirectory(),
    () => false,
  )
  const file = folder ? path.join(given, 'verdicts.json') : given
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    throw new HarnessError(
      'BASELINE_NOT_FOUND',
      `there are no verdicts at ${JSON.stringify(given)}`,
      "--baseline takes a run's folder, or its verdicts.json",
      error,
    )
  })
  try {
    return schema.parse(JSON.parse(text)) as unknown as Verdicts
  } catch (error) {
    throw new HarnessError(
      'BASELINE_DAMAGED',
      `${JSON.stringify(file)} holds no verdicts`,
      'judge that run again: npm run judge <its folder>',
      error,
    )
  }
}
