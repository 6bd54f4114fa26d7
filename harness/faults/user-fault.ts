// A fault of the user's own: commands that inject and heal it, and one that tells whether it is felt. This is how kubectl, Chaos
// Mesh, a cloud's console or a script plug in, with the guarantees that ours have: evidence, a heal at the window's end, on a
// signal, at the next start after a kill -9 (the lease holds the command), and, should nobody start again, at the end of its time
// to live, by a watchdog that outlives the harness.
// What it does not model: exposure finer than the dependency that the target names for it.
import { spawn } from 'node:child_process'
import { runCommand } from '../environment/command.ts'
import type { Remedy } from '../environment/service.ts'
import { HarnessError } from '../errors.ts'
import type { UserFault } from '../target.ts'
import { breaking } from './breaking.ts'
import type { FaultDefinition, FaultEntry, Timing } from './fault.ts'
import { neededKeeper } from './needed.ts'
import { carryOut } from './remedy.ts'

const INJECT_MS = 60_000
const LOOK_MS = 5_000
/** Where the target says no other: long enough for a window at full scale. */
export const TTL_S = 900

/** In a scenario: a fault by the name that the target gives it. */
export function userFault(name: string, timing?: Timing): FaultEntry {
  return { fault: unresolved(name), parameters: {}, named: name, ...(timing && { timing }) }
}

/** Of a target's `faults`. Commands run in `cwd`. */
export function commandFault(
  name: string,
  { inject, heal, felt, dependency = 'server', ttlS = TTL_S }: UserFault,
  cwd: string,
): FaultDefinition {
  return {
    ...unresolved(name),
    dependency,
    async inject(environment, _parameters, signal) {
      const keeper = neededKeeper(environment)
      let watchdog: (() => void) | undefined
      const harm = async () => {
        const { pid, stop } = startWatchdog(heal, ttlS, cwd)
        watchdog = stop
        keeper.process(pid, 'watchdog')
        const { code, output } = await runCommand(inject, { cwd, limitMs: INJECT_MS, env: { STAMPEDE_RUN: keeper.run }, signal })
        signal.throwIfAborted()
        if (code !== 0)
          throw new HarnessError('FAULT_NOT_POSSIBLE', `${name}: \`${inject}\` ended with ${code}: ${output}`, 'try it by hand')
      }
      const remedy: Remedy = { do: 'command', command: heal, cwd }
      // While it is not healed somebody watches over it.
      const healed = async () => {
        await carryOut(remedy)
        watchdog?.()
      }
      const undo = await breaking(environment, { remedies: [remedy], harm, heal: healed, signal })
      const look = async () => (await runCommand(felt, { cwd, limitMs: LOOK_MS })).code
      return {
        felt: async () => seen(await look(), (code) => code === 0),
        healed: async () => seen(await look(), (code) => code !== 0),
        [Symbol.asyncDispose]: () => undo[Symbol.asyncDispose](),
      }
    },
  }
}

/** As a scenario names it; the target that is run against says what it is. */
function unresolved(name: string): FaultDefinition {
  return {
    kind: 'fault',
    summary: `The target's own fault ${name}.`,
    source: 'the target, faults',
    dependency: 'server',
    needs: ['keeper'],
    faithful: 'Whatever the commands of the target do.',
    parameters: {},
    inject: () => {
      throw new Error(`${name} was not looked up in the target`)
    },
  }
}

function seen(code: number | null, so: (code: number | null) => boolean) {
  return { seen: so(code), detail: `felt ended with ${code ?? 'no answer in time'}` }
}

/** Sleeps, heals, ends. It carries no mark of the run, so that a sweep by mark does not take it for a leftover of the load. */
function startWatchdog(heal: string, ttlS: number, cwd: string): { pid: number; stop: () => void } {
  const env = { ...process.env }
  delete env.STAMPEDE_RUN
  const words = ['-c', 'sleep "$1"; exec /bin/sh -c "$2"', 'stampede-watchdog', String(ttlS), heal]
  const child = spawn('/bin/sh', words, { cwd, env, stdio: 'ignore', detached: true })
  const { pid } = child
  if (pid === undefined) throw new HarnessError('FAULT_NOT_POSSIBLE', 'no shell can be run to watch over the fault', 'it needs /bin/sh')
  child.unref()
  const stop = () => {
    try {
      process.kill(-pid, 'SIGKILL')
    } catch {
      // It has done its work.
    }
  }
  return { pid, stop }
}
