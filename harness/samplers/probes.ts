// What the server says of itself to whoever supervises it: alive, and willing to serve. Each reading asks both addresses
// once, as a kubelet does, with 1 s of patience. A liveness probe that needs the database restarts every instance at
// once when the database is away; a readiness probe that never falls lets a balancer send calls into a drain.
// Values: the status (0: no answer) and how long it took. What it does not model: thresholds of several failures.
import { Agent, request } from 'undici'
import { sampler } from './sampler.ts'

const TIMEOUT_MS = 1_000

const client = new Agent({ connections: 2, pipelining: 1, maxResponseSize: 100_000 })

export const probes = sampler({
  summary: "Status and time of the server's liveness and readiness probes.",
  source: 'Kubernetes documentation, "Configure Liveness, Readiness and Startup Probes"',
  periodMs: 250,
  applies: (_environment, { probes: addresses }) => addresses?.live !== undefined || addresses?.ready !== undefined,
  async sample(_environment, { probes: addresses = {} }, signal) {
    const asked = Object.entries(addresses).map(async ([name, url]) => {
      const startedMs = performance.now()
      const status = await statusOf(url, AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]))
      return { [`${name}Status`]: status, [`${name}Ms`]: performance.now() - startedMs }
    })
    const values: Record<string, number> = Object.assign({}, ...(await Promise.all(asked)))
    signal.throwIfAborted()
    return [{ values }]
  },
})

async function statusOf(url: string, signal: AbortSignal): Promise<number> {
  try {
    const { statusCode, body } = await request(url, { dispatcher: client, signal })
    await body.dump()
    return statusCode
  } catch {
    return 0
  }
}
