// How many instances of the server there are: as declared, else as many as the answers and the server's log name. Pure.
// Not modelled: one that was started anew under another name, which counts as another.
import type { History } from './history.ts'

export function instancesOf(history: History): number {
  return history.manifest.declared.instances ?? Math.max(1, instancesNamed(history).size)
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
