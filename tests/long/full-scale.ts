// Every scenario on the hardened server at full scale: minutes each, against the published limits. The same at quick scale is `noise`.
//
// `rounds`: one takes fifty minutes.
import { hardenedRounds } from '../fixtures/hardened-rounds.ts'

/** @throws when a verdict failed, or too many were unknown */
export async function run(rounds = 1): Promise<string> {
  return await hardenedRounds('full-scale', 'full', rounds)
}
