// Is the identity provider asked for its key set call by call? A server keeps that set for all of them. A token under a key that it does not
// have makes it look again, since the provider may have a new one; but whoever makes up key ids must not make it look each time.
//
// Looked at are requests that reached the run's own provider, and attempts at its link that were refused, ÷ time and instances, in each
// stress: too many are too many. That there were few says something only where more unknown keys were tried than may be asked for. Not modelled: which call it was; a provider that is not
// the run's own; requests for other documents of it.
import type { Call } from '../history/event.ts'
import type { History } from '../history/history.ts'
import { instancesOf } from '../history/instances.ts'
import { phasesOf } from '../history/queries.ts'
import { points } from '../history/samples.ts'
import { isDuring, type Stretch } from '../history/stretch.ts'
import type { Finding, Remedy } from './check.ts'
import { indexes, some, time, worst } from './finding.ts'

const WITNESSES = 20
/** How far outside of a stress its first and last reading may lie: a period. */
const NEAR_MS = 500

const REMEDY: Remedy = {
  control: 'authenticate-by-token',
  do: 'Keep the key set, and look for an unknown key at most once an interval, one look for all who wait (jose: cooldownDuration; jwks-rsa: rateLimit); count looks that failed as well.',
  runbook: 'UNAUTHENTICATED',
}

/** @returns undefined where there were few, and too few unknown keys were tried for that to say anything */
export function keySetAsked(history: History, mostPerSecond: number): Finding | undefined {
  const found = phasesOf(history, 'stress').flatMap((stress) => judgeStress(history, stress, mostPerSecond) ?? [])
  return found.length === 0 ? undefined : worst(found)
}

function judgeStress(history: History, stress: Stretch, mostPerSecond: number): Finding | undefined {
  const near = { fromMs: stress.fromMs - NEAR_MS, toMs: stress.toMs + NEAR_MS }
  const readings = points(history, 'keySetRequests', 'identity-provider').filter(({ atMs }) => isDuring(near, atMs))
  const [first, last] = [readings[0], readings.at(-1)]
  if (!first || !last || first === last) return undefined
  const span = { fromMs: first.atMs, toMs: last.atMs }
  const seconds = (span.toMs - span.fromMs) / 1_000
  const most = mostPerSecond * instancesOf(history)
  const refused = history.attempts.filter(({ link, refused, atMs }) => link === 'identity-provider' && refused && isDuring(span, atMs))
  const [asked, tried] = [last.value - first.value + refused.length, triedIn(history, span)]
  const measured = asked / seconds
  if (measured <= most && tried.length / seconds <= most) return undefined
  const isMany = measured > most
  const guessed =
    tried.length > 0 ? `, while ${some(tried.length, 'token')} named keys that nobody has` : ', though nobody named a key that it lacks'
  const says = `the identity provider’s keys were asked for ${some(asked, 'time')} in ${time(span.toMs - span.fromMs)}${guessed}`
  const suspects = tried.length > 0 ? tried : history.calls.filter(({ sentAtMs }) => isDuring(span, sentAtMs))
  return {
    status: isMany ? 'fail' : 'pass',
    measured: Math.round(measured * 10) / 10,
    limit: most,
    unit: 'requests for keys a second',
    samples: suspects.length,
    says: isMany ? `${says}; allowed are ${most} a second` : says,
    ...(isMany && { witnesses: indexes(suspects.slice(0, WITNESSES)), remedy: REMEDY }),
  }
}

function triedIn({ calls }: History, span: Stretch): Call[] {
  return calls.filter(({ credential, sentAtMs }) => credential === 'unknown-key' && isDuring(span, sentAtMs))
}
