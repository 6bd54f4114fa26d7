// `--baseline <folder|file>`: the verdicts that a run is held against, from a run's folder or its verdicts.json.
import { readFile, stat } from 'node:fs/promises'
import path from 'node:path'
import type { Verdicts } from '../../checks/check.ts'
import { HarnessError } from '../../errors.ts'
import { parsed } from '../../history/json.ts'

const VERDICTS_MAX = 1_000
const STATUSES: readonly unknown[] = ['pass', 'fail', 'unknown', 'not-judged']

/** What is read of them must be there; the rest of a newer or older file may be as it likes. */
function isVerdicts(value: unknown): value is Verdicts {
  const { run, scenario, target, status, verdicts } = (value ?? {}) as Record<string, unknown>
  const words = [run, scenario, target].every((word) => typeof word === 'string')
  return (
    words &&
    STATUSES.slice(0, 3).includes(status) &&
    Array.isArray(verdicts) &&
    verdicts.length <= VERDICTS_MAX &&
    verdicts.every(isVerdict)
  )
}

function isVerdict(value: unknown): boolean {
  const { check, code, title, says, status, measured, limit, unit } = (value ?? {}) as Record<string, unknown>
  const words = [check, code, title, says].every((word) => typeof word === 'string')
  const figures = [measured, limit].every((figure) => figure === undefined || typeof figure === 'number')
  return words && figures && STATUSES.includes(status) && (unit === undefined || typeof unit === 'string')
}

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
  const verdicts = parsed(text)
  if (isVerdicts(verdicts)) return verdicts
  throw new HarnessError(
    'BASELINE_DAMAGED',
    `${JSON.stringify(file)} holds no verdicts`,
    'judge that run again: npm run judge <its folder>',
  )
}
