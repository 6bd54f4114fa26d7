// Neighbours on the same machine want the processor: a batch job, a noisy container, a build. Everything takes longer, not least
// what decides that something has taken too long.
// Parameters: neighbours (2; 1 to 64), each on a core of its own if there is one; nice (0; 0 to 19, lower is hungrier); lastsMs
// (120,000; 1,000 to 600,000) after which they end by themselves, whatever happened to the harness.
// What it does not model: memory bandwidth and caches, a cgroup's quota. The load generator and the harness are squeezed as well:
// load-offered says when that went too far.
import { setTimeout as pause } from 'node:timers/promises'
import { type Child, startChild } from '../environment/child.ts'
import { processes } from '../environment/process-group.ts'
import { count, milliseconds } from '../parameters.ts'
import { breaking } from './breaking.ts'
import { fault, type Proof } from './fault.ts'
import { neededKeeper } from './needed.ts'

const LOOK_MS = 200
/** Of a core, all neighbours together: less would be no squeeze, however crowded the machine is already. */
const LEAST_CORES = 0.1

export const cpuSqueeze = fault({
  summary: 'Busy neighbours compete for the processor.',
  source: 'stress-ng --cpu; Google SRE book, "Handling overload"',
  dependency: 'server',
  needs: ['keeper'],
  faithful:
    "The server's threads wait for their turn, as the kernel's scheduler shares it out; so do its dependencies, the proxy and the agents.",
  parameters: {
    neighbours: count(2, { from: 1, to: 64 }),
    nice: count(0, { from: 0, to: 19 }),
    lastsMs: milliseconds(120_000, { from: 1_000, to: 600_000 }),
  },
  async inject(environment, { neighbours, nice, lastsMs }, signal) {
    const keeper = neededKeeper(environment)
    const busy = `require('node:os').setPriority(${nice}); const end = Date.now() + ${lastsMs}; while (Date.now() < end);`
    const children: Child[] = []
    const harm = async () => {
      for (let i = 0; i < neighbours; i++)
        children.push(await startChild({ keeper, name: 'neighbour', file: process.execPath, args: ['-e', busy], stdio: 'ignore' }))
    }
    const heal = () => Promise.all(children.map((child) => child.stop('SIGKILL', 1_000)))
    const undo = await breaking(environment, { remedies: [], harm, heal, signal })
    return {
      felt: () => coresOf(children).then((cores) => used(cores, cores >= LEAST_CORES)),
      healed: () => coresOf(children).then((cores) => used(cores, cores < LEAST_CORES && children.every((child) => !child.running))),
      [Symbol.asyncDispose]: () => undo[Symbol.asyncDispose](),
    }
  },
})

function used(cores: number, seen: boolean): Proof {
  return { seen, detail: `neighbours use ${cores.toFixed(1)} cores` }
}

async function coresOf(children: readonly Child[]): Promise<number> {
  const pids = new Set(children.map(({ pid }) => pid))
  const cpuMs = async () => (await processes()).filter(({ pid }) => pids.has(pid)).reduce((sum, usage) => sum + usage.cpuMs, 0)
  const beforeMs = await cpuMs()
  const begunMs = performance.now()
  await pause(LOOK_MS)
  return Math.max(0, (await cpuMs()) - beforeMs) / (performance.now() - begunMs)
}
