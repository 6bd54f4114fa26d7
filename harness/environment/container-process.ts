// A container numbers its processes anew: what calls itself 42 in there is another number out here. The kernel tells both.
// An engine's own kill reaches only a container's first process; this reaches the others, where the engine is on this machine.
import { readdirSync, readFileSync, readlinkSync } from 'node:fs'

/**
 * @param first the container's first process, as this machine numbers it
 * @param inside a number as the container counts
 * @returns this machine's number for it; undefined when there is none, or one may not look
 */
export function outsidePid(first: number, inside: number): number | undefined {
  const container = namespaceOf(first)
  if (container === undefined) return undefined
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .find((pid) => numberInside(pid) === inside && namespaceOf(pid) === container)
}

function namespaceOf(pid: number): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/ns/pid`)
  } catch {
    return undefined
  }
}

/** The last number is that of the innermost namespace. */
function numberInside(pid: number): number {
  try {
    return Number(/^NSpid:.*?(\d+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1])
  } catch {
    return Number.NaN
  }
}
