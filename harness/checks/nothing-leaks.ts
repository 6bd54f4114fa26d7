// A28: what an agent puts into a call's arguments stays between the two. A log is read by everybody with a dashboard, a span goes to
// another company, an error goes into a model’s context; a customer's card number in any of them is an incident, and a token is a way in.
//
// Looked for: the made-up secrets that the plan drew into arguments (`draw.secret()`), and the tokens that the agents sent; in the server's
// whole log, its spans as they came, its metrics, the errors that it told its agents, and the run's own files. One is a fail. A log that did
// not grow under the load is not the server's: unknown. No limits. Not modelled: what is written in base64, hashed or cut to its first
// characters; logs that the target does not show; answers that are no error (a tool may well give back what it was told).
import type { History } from '../history/history.ts'
import type { LeakLine } from '../history/raw-line.ts'
import { points } from '../history/samples.ts'
import { check } from './check.ts'
import { notExercised, some, unknown } from './finding.ts'

const EXHIBITS = 20

export const nothingLeaks = check({
  code: 'A28',
  title: 'No secret of a call is written down',
  why: 'Whoever can read a log can read what is in it, for as long as it is kept. Nobody can take a card number out of an aggregator again.',
  remedy: {
    control: 'log',
    do: 'Log the arguments’ names, sizes and a keyed hash, never their values; put no value into spans or errors, and take what Postgres quotes out of its messages.',
    runbook: 'INTERNAL',
  },
  source: 'seed 1, mistake 3: PII in the aggregator; OWASP, "Logging Cheat Sheet"; CWE-532',
  sort: 'exact',
  needs: ['secrets', 'logs'],
  limits: {},
  judge(history) {
    const { leaks, calls, manifest } = history
    const { searched } = manifest
    if (!searched || manifest.raw?.['leaks.ndjson'] === undefined) return unknown('nothing was searched: the run was stopped before')
    const { secrets, tokens, files } = searched
    // Only so many places are written down; those that are count whatever the sum says.
    const found = Math.max(searched.found, leaks.length)
    if (secrets + tokens === 0) return notExercised('no call had a secret in its arguments')
    const looked = `${some(secrets, 'planted secret')} and ${some(tokens, 'token')} in ${some(files, 'file')}, spans and errors`
    const shown = { measured: found, limit: 0, unit: 'places with a secret', samples: secrets + tokens }
    if (found === 0 && isSilent(history))
      return unknown(`none of ${looked}, but the log did not grow under the load: mend observe.logs`, shown)
    if (found === 0) return { ...shown, status: 'pass', says: `none of ${looked}` }
    const byId = new Map(calls.map(({ call, index }) => [call, index]))
    const kinds = [...Map.groupBy(leaks, placeOf)].sort((a, b) => b[1].length - a[1].length)
    return {
      ...shown,
      status: 'fail',
      says: `${some(found, 'place')} with a secret, of ${looked}: ${kinds.map(([place, list]) => `${list.length} in ${place}`).join(', ')}`,
      witnesses: leaks.flatMap(({ call }) => byId.get(call ?? '') ?? []).slice(0, EXHIBITS),
      // Where, and whose: never the secret itself, since a report is passed on.
      exhibits: kinds.flatMap(([, list]) => list.slice(0, Math.ceil(EXHIBITS / kinds.length)).map(exhibit)).slice(0, EXHIBITS),
    }
  },
})

/** Its size was read, and was the same from first to last. */
function isSilent(history: History): boolean {
  const sizes = [...Map.groupBy(points(history, 'logBytes'), ({ series }) => series).values()]
  return sizes.length > 0 && sizes.every((own) => own.every(({ value }) => value === own[0]?.value))
}

function placeOf({ where }: LeakLine): string {
  const [file = where] = where.split(':')
  return file.startsWith('load') ? 'errors told to agents' : file
}

function exhibit({ where, secret, call }: LeakLine): string {
  if (call !== undefined) return `${where}: an argument of ${call}`
  return secret.startsWith('the ') ? `${where}: ${secret}` : `${where}: a planted secret`
}
