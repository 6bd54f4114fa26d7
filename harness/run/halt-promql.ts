// A question that the user's Prometheus answers: the run halts when the answer is not empty, as an alert fires (`up{job="api"} == 0`). A
// Prometheus that cannot be asked before the run is an error; one that falls silent in the middle halts it: nobody watches any more.
// Source: Prometheus HTTP API, /api/v1/query. Asked every 2 s, answered within 2 s, silent three times → halt. No redirect is followed.
import { setTimeout as wait } from 'node:timers/promises'
import { z } from 'zod'
import { HarnessError } from '../errors.ts'

const ASK_EVERY_MS = 2_000
const ANSWER_MS = 2_000
const SILENT_MAX = 3

export interface PromqlHalt {
  expression: string
  /** The address of Prometheus itself: `http://prometheus.example:9090`. */
  url: string
}

const ANSWER = z.object({
  status: z.literal('success'),
  data: z.object({ resultType: z.string(), result: z.array(z.unknown()) }),
})

/** @throws HarnessError `PROMETHEUS_SILENT` */
export async function assertAskable(rule: PromqlHalt, signal: AbortSignal): Promise<void> {
  const fires = await asks(rule, signal).catch((error: Error) => {
    throw new HarnessError(
      'PROMETHEUS_SILENT',
      `${rule.url} does not answer ${rule.expression}: ${error.message}`,
      'mend --prometheus or --halt-promql',
    )
  })
  if (fires)
    throw new HarnessError('HALTED', `${rule.expression} holds already, before any load`, 'wait until it does not, or mend --halt-promql')
}

export async function watchPromql(rule: PromqlHalt, halt: (because: string) => void, signal: AbortSignal): Promise<void> {
  let silent = 0
  while (!signal.aborted) {
    try {
      if (await asks(rule, signal)) return halt(`${rule.expression} holds`)
      silent = 0
    } catch (error) {
      if (signal.aborted) return
      silent++
      if (silent >= SILENT_MAX) return halt(`${rule.url} has not answered ${SILENT_MAX} times: ${(error as Error).message}`)
    }
    await wait(ASK_EVERY_MS, undefined, { signal }).catch(() => undefined)
  }
}

/** A scalar counts as an answer that is not empty when it is not 0. */
async function asks({ expression, url }: PromqlHalt, signal: AbortSignal): Promise<boolean> {
  const address = new URL('api/v1/query', url.endsWith('/') ? url : `${url}/`)
  address.searchParams.set('query', expression)
  const answer = await fetch(address, { redirect: 'error', signal: AbortSignal.any([signal, AbortSignal.timeout(ANSWER_MS)]) })
  if (!answer.ok) throw new Error(`status ${answer.status}: ${(await answer.text()).slice(0, 200)}`)
  const { data } = ANSWER.parse(await answer.json())
  return data.resultType === 'scalar' ? Number(data.result[1]) !== 0 : data.result.length > 0
}
