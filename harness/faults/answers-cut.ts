// The network breaks after the server has done its work and before the agent has heard of it: the answer is lost, the
// write is not. The agent cannot know and asks again; only an idempotency key keeps the row single.
// Parameters: afterBytes (0; up to 1 MiB) of each answer that still pass; share (1) of the answers, drawn from seed (0).
// Of more than some 64 kB fewer may arrive: a reset overtakes what the receiver's kernel had no room for yet.
// What it does not model: a request that is lost on its way in. Answers of at most afterBytes bytes pass whole. An answer
// is what follows a request on a connection: requests that overlap on one (HTTP/2) would be taken for one.
import { type Answered, httpCanary } from '../environment/http-canary.ts'
import type { Environment } from '../environment/service.ts'
import { bytes, count, share } from '../parameters.ts'
import { enoughDraws } from './draws.ts'
import { fault, type Proof } from './fault.ts'
import { neededLink } from './needed.ts'

export const answersCut = fault({
  summary: 'Resets the connection between agents and server in the middle of an answer.',
  source: 'mcp-chaos, duplicate-write; RFC 9110 §9.2.2',
  dependency: 'server',
  needs: ['link'],
  faithful: 'The server has answered and sees its client gone; the agent sees a reset, and cannot tell whether its call was carried out.',
  parameters: {
    afterBytes: bytes(0, { from: 0, to: 1_048_576 }),
    share: share(1, { from: 0.01, to: 1 }),
    seed: count(0, { from: 0, to: 4_294_967_295 }),
  },
  async inject(environment, { afterBytes, share, seed }, signal) {
    const link = neededLink(environment, 'server')
    // A server that is down resets its clients as well: only one that answered before can be seen to be cut.
    const before = await httpCanary(link, environment.url, signal)
    const toxic = await link.add('cut', { afterBytes, share, seed }, signal)
    const enough = enoughDraws(share)
    return {
      felt: async () => {
        const answers = await canaries(environment, enough, (answer) => answer.cut, signal)
        if (before.status === undefined) return { seen: false, detail: `no answer even before: ${before.error}` }
        return proof(answers.at(-1)?.cut === true, answers)
      },
      healed: async () => {
        const answers = await canaries(environment, enough, (answer) => answer.status === undefined)
        return proof(answers.length === enough && answers.every((answer) => answer.status !== undefined), answers)
      },
      [Symbol.asyncDispose]: () => toxic.remove(),
    }
  },
})

/** One after the other, until one settles it or there were enough. */
async function canaries(
  environment: Environment,
  enough: number,
  settled: (answer: Answered) => boolean,
  signal?: AbortSignal,
): Promise<Answered[]> {
  const answers: Answered[] = []
  while (answers.length < enough) {
    const answer = await httpCanary(neededLink(environment, 'server'), environment.url, signal)
    answers.push(answer)
    if (settled(answer)) break
  }
  return answers
}

function proof(seen: boolean, answers: Answered[]): Proof {
  const last = answers.at(-1)
  const what = last?.status === undefined ? (last?.error ?? 'nothing') : `HTTP ${last.status}`
  return { seen, detail: `canary ${answers.length}: ${what} after ${last?.roundTripMs.toFixed(1)} ms` }
}
