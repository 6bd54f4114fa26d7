// A request of the harness's own to the upstream, through its link.
import { type Answered, httpCanary } from '../environment/http-canary.ts'
import type { Environment, UpstreamBehaviour } from '../environment/service.ts'
import type { Proof } from './fault.ts'
import { neededLink, neededUpstream } from './needed.ts'

export async function askUpstream(environment: Environment, signal?: AbortSignal, limitMs?: number): Promise<Answered> {
  const link = neededLink(environment, 'upstream')
  return await httpCanary(link, `http://${link.address}/rate?base=EUR&quote=USD`, signal, limitMs)
}

export function answered({ status, error, roundTripMs }: Answered, isSo: boolean): Proof {
  return { seen: isSo, detail: `canary: ${status === undefined ? error : `HTTP ${status}`} after ${roundTripMs.toFixed(1)} ms` }
}

/** In force until it is disposed, or its signal aborts. */
export async function behave(environment: Environment, behaviour: UpstreamBehaviour, signal: AbortSignal): Promise<AsyncDisposable> {
  const upstream = neededUpstream(environment)
  neededLink(environment, 'upstream')
  signal.throwIfAborted()
  const toxic = await upstream.behave(behaviour)
  let removal: Promise<void> | undefined
  const remove = () => (removal ??= toxic.remove())
  const aborted = () => void remove().catch(() => {})
  signal.addEventListener('abort', aborted, { once: true })
  return {
    async [Symbol.asyncDispose]() {
      signal.removeEventListener('abort', aborted)
      await remove()
    },
  }
}
