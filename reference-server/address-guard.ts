// A loose bound on what comes from one address, before anything is read: it holds off a flood that no token has been seen of.
// Sized for shared egress: a whole company's agents may stand behind one address, so it is never the limit of an agent.
// Failed authentication is counted apart and held tighter: once an address has failed too often, its further failures are told 429
// with a wait instead of 401. Whoever has a good token behind the same address is served all the same.
// In this process' memory, for the last 10,000 addresses; instances do not share it.
// ADDRESS_RATE_PER_MINUTE, ADDRESS_BURST, AUTH_FAILURES_PER_MINUTE, AUTH_FAILURES_BURST.
// Does not model: addresses told by a proxy. Behind a gateway all calls come from it: leave this to the gateway, and raise the rate.
// Source: OWASP, "Blocking Brute Force Attacks" (why not to lock out an address); seed 1, "Two layers, not one".
import type { Settings } from './config.ts'
import { CallError } from './errors.ts'
import { LocalLimiter } from './store/local-limiter.ts'

export interface AddressGuard {
  /** @throws CallError RATE_LIMITED of scope `address` */
  admit(address: string): void
  /** An authentication has failed: what the caller is told. */
  failed(address: string, error: CallError): CallError
}

export function guardAddresses(settings: Settings, clock: () => number): AddressGuard {
  const requests = new LocalLimiter(clock)
  const failures = new LocalLimiter(clock)
  const { ADDRESS_RATE_PER_MINUTE, ADDRESS_BURST, AUTH_FAILURES_PER_MINUTE, AUTH_FAILURES_BURST } = settings
  const spent = (
    limiter: LocalLimiter,
    key: string,
    perMinute: number,
    burst: number,
    what: string,
    headers?: Record<string, string>,
  ): CallError | undefined => {
    const { refusedBy, waitMs } = limiter.charge({ scope: 'address', key, perMinute, burst })
    if (!refusedBy) return undefined
    const details = { scope: 'address', limit: perMinute, windowMs: 60_000, retryAfterMs: waitMs, ...(headers && { headers }) }
    return new CallError('RATE_LIMITED', `Too many ${what} from this address; wait ${Math.ceil(waitMs / 1_000)} s.`, details)
  }
  return {
    admit(address) {
      const refused = spent(requests, address, ADDRESS_RATE_PER_MINUTE, ADDRESS_BURST, 'requests')
      if (refused) throw refused
    },
    // The challenge stays: behind a balancer all share an address, and an expired token must still learn where to get another.
    failed: (address, error) =>
      spent(failures, address, AUTH_FAILURES_PER_MINUTE, AUTH_FAILURES_BURST, 'failed authentications', error.details.headers) ?? error,
  }
}
