// What the liveness probe says: this process can answer, which is all that a restart could mend.
// Source: Kubernetes documentation, "Configure Liveness, Readiness and Startup Probes".
import type { Running } from './running.ts'

export type Alive = (running: Running) => Promise<boolean>

export const ofTheProcess: Alive = () => Promise.resolve(true)
