// Every scenario on the hardened server, round after round: how often it is wrongly failed, how often nobody can tell, how late the
// generator was and what the harness took. The weaknesses are `npm run matrix`; equal runs for `npm run compare` are `pairs`.
//
// `rounds`: ten take an hour.
import { hardenedRounds } from '../fixtures/hardened-rounds.ts'

/** @throws when a verdict failed, or too many were unknown */
export async function run(rounds = 10): Promise<string> {
  return await hardenedRounds('noise', 'quick', rounds)
}
