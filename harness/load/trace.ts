// Trace ids: one a task, 32 hex digits, the same in every run of a plan under the same run id. The agent's part is hashed once; a
// task's is its number, spread over all bits (a bijection, so an agent's traces never collide) because samplers look at the last ones.
// Pure; runs inside k6, where hashing a name anew for each task would cost as much as a third of its call.
import { hash32 } from '../plan/draw.ts'

/** 32-bit golden ratio: odd, so multiplying by it loses nothing. */
const SPREAD = 0x9e3779b1

/** @returns the trace id of the agent's n-th task */
export function traces(run: string, agent: string): (task: number) => string {
  const words = [1, 2, 3].map((word) => hash32(`${run}/${agent}#${word}`))
  const prefix = words.map(eightHexDigits).join('')
  const last = words[2] ?? 0
  return (task) => `${prefix}${eightHexDigits((Math.imul(task, SPREAD) ^ last) >>> 0)}`
}

export function eightHexDigits(word: number): string {
  return word.toString(16).padStart(8, '0')
}
