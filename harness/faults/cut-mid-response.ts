// A dependency's answer breaks off in the middle: a proxy with a limit, a process killed while it wrote. What came is no answer,
// and must neither be taken for one nor leave a connection in the pool that is half-way through a message.
// Parameters: dependency (postgres; or redis, upstream), afterBytes (3; up to 1 MiB) of each answer that still pass, share (1) of
// the answers, drawn from seed (0).
// What it does not model: answers of at most afterBytes bytes pass whole; the link between agents and server (answers-cut).
import type { Canary } from '../environment/service.ts'
import { bytes, choice, count, share } from '../parameters.ts'
import { dependencyCanary } from './dependency-canary.ts'
import { enoughDraws, untilOne } from './draws.ts'
import { fault } from './fault.ts'
import { neededLink } from './needed.ts'
import { GONE, proof } from './proof.ts'

const CUT = [...GONE, 'HPE_INVALID_EOF_STATE']
const isCut = ({ error }: Canary) => error !== undefined && CUT.includes(error)

export const cutMidResponse = fault({
  summary: 'Resets the connection to a dependency in the middle of its answer.',
  source: 'toxiproxy, limit_data; AWS, "Making retries safe with idempotent APIs"',
  dependency: 'postgres',
  needs: ['link'],
  faithful:
    'The server reads the first bytes of an answer and then ECONNRESET; the dependency has done the work and sees its client gone. An answer is what follows a request on a connection: those of pipelined requests are taken for one.',
  parameters: {
    dependency: choice(['postgres', 'redis', 'upstream'], 'postgres'),
    afterBytes: bytes(3, { from: 0, to: 1_048_576 }),
    share: share(1, { from: 0.01, to: 1 }),
    seed: count(0, { from: 0, to: 4_294_967_295 }),
  },
  async inject(environment, { dependency, afterBytes, share, seed }, signal) {
    const link = neededLink(environment, dependency)
    const enough = enoughDraws(share)
    const toxic = await link.add('cut', { afterBytes, share, seed }, signal)
    const look = (stop?: AbortSignal) => dependencyCanary(environment, dependency, stop)
    return {
      felt: async () => proof(await untilOne(enough, () => look(signal), isCut), isCut),
      healed: async () =>
        proof(
          await untilOne(
            enough,
            () => look(),
            ({ error }) => error !== undefined,
          ),
          ({ error }) => error === undefined,
        ),
      [Symbol.asyncDispose]: () => toxic.remove(),
    }
  },
})
