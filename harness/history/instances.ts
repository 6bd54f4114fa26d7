// How many instances of the server there are: as declared, else as many as the answers and the server's log name. Pure.
// Not modelled: one that was started anew under another name, which counts as another.
import type { History } from './history.ts'
import { points } from './samples.ts'

export function instancesOf(history: History): number {
  return history.manifest.declared.instances ?? Math.max(1, instancesNamed(history).size)
}

/** Each instance has a breaker of its own before a dependency, or as many as the server shows: one a tool, one a pool. */
export function breakersOf(history: History, dependency: string): number {
  const readings = points(history, 'breakerOpen').filter(({ series }) => series.includes(`"${dependency}"`))
  const named = new Set(readings.map(({ series }) => series.replace(/ of [^}]*$/, '')))
  return instancesOf(history) * Math.max(1, named.size)
}

/** By the header that names them (`observe.instanceHeader`), or by whose log has the call. */
export function instancesNamed({ calls }: History): Set<string> {
  const named = new Set<string>()
  for (const { evidence, server } of calls) {
    const instance = evidence.instance ?? server?.instance
    if (instance !== undefined) named.add(instance)
  }
  return named
}
