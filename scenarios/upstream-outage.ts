// The service behind a tool fails three ways, one after the other: errors, silence, and 429 with a long wait. The server must neither
// multiply the calls nor sleep for its callers, stop asking soon, and ask again with one call.
//
// The API is 100 ms away each way, so that a probe takes its time: who lets others through meanwhile is seen.
// Windows are short, so that all three fit; each has a recovery of its own. Not modelled: an upstream that lies.
import { boundedTime } from '../harness/checks/bounded-time.ts'
import { breakerNotFooled } from '../harness/checks/breaker-not-fooled.ts'
import { breakerOpens } from '../harness/checks/breaker-opens.ts'
import { breakerRecovers } from '../harness/checks/breaker-recovers.ts'
import { errorTaxonomy } from '../harness/checks/error-taxonomy.ts'
import { retryAfterValid } from '../harness/checks/retry-after-valid.ts'
import { retryAmplification } from '../harness/checks/retry-amplification.ts'
import { upstreamErrors } from '../harness/faults/upstream-errors.ts'
import { upstreamHang } from '../harness/faults/upstream-hang.ts'
import { upstreamThrottled } from '../harness/faults/upstream-throttled.ts'
import { scenario } from '../harness/scenario.ts'
import { observer } from './personas/observer.ts'
import { steady } from './personas/steady.ts'

export default scenario({
  story: 'An API behind one tool went away and came back. What should have been a pause of a minute was an hour of knocking.',
  source: 'safe-global#3442; decocms#5322; agentmail-mcp#57',
  phases: {
    quick: { warmUpS: 2, steadyS: 5, stressS: 4, recoveryS: 3.5 },
    full: { warmUpS: 15, steadyS: 60, stressS: 60, recoveryS: 60 },
  },
  windows: [
    { id: 'errors', faults: [upstreamErrors()] },
    { id: 'hang', faults: [upstreamHang()] },
    { id: 'throttled', faults: [upstreamThrottled({ retryAfterS: 8 })] },
  ],
  links: { upstream: { delayMs: 100 } },
  settings: {
    agentRatePerMinute: 1_200,
    agentBurst: 60,
    agentConcurrency: 20,
    agentToolRatePerMinute: 600,
    agentToolBurst: 40,
    breakerFailures: 10,
    breakerFailingMs: 2_000,
    breakerOpenMs: 1_000,
  },
  fleet: [
    steady({ agents: 14, role: 'external', everyMs: 500 }),
    observer({ agents: 2, role: 'external' }),
    steady({ agents: 6, role: 'cheapRead', everyMs: 700 }),
  ],
  checks: [breakerOpens(), breakerRecovers(), retryAmplification(), boundedTime(), breakerNotFooled(), errorTaxonomy(), retryAfterValid()],
  essential: ['breaker-opens', 'breaker-recovers', 'retry-amplification', 'bounded-time'],
})
