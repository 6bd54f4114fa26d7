// Runs that never were, equal to one that was: for the test of `compare` on itself. Each second is drawn from those around it in the same
// phase (local block bootstrap, Paparoditis and Politis 2002), so that a fault's beginning stays a beginning and yet no two are alike.
import { type Second, STEPS, stepOf } from './windows.ts'

const BLOCK = 2
/** Seconds to either side from which one is drawn. */
const NEAR = 2

export function equalRun(seconds: readonly Second[], unit: () => number): Second[] {
  const drawn: Second[] = []
  while (drawn.length < seconds.length) {
    const at = drawn.length
    const from = at + Math.floor(unit() * (2 * NEAR + 1)) - NEAR
    for (let n = 0; n < BLOCK && drawn.length < seconds.length; n++) {
      const here = seconds[at + n] as Second
      const other = seconds[from + n]
      drawn.push(other?.phase === here.phase ? other : here)
    }
  }
  return drawn
}

/** The same with all times so many times as long; who was good stays good. */
export function slowed(seconds: readonly Second[], by: number): Second[] {
  const steps = stepOf(1_000 * by) - stepOf(1_000)
  return seconds.map((second) => {
    const times = new Uint32Array(STEPS)
    for (let n = 0; n < STEPS; n++)
      times[Math.min(STEPS - 1, n + steps)] = (times[Math.min(STEPS - 1, n + steps)] as number) + (second.times[n] as number)
    const roles = new Map([...second.roles].map(([role, { served, logMs }]) => [role, { served, logMs: logMs + served * Math.log(by) }]))
    return { ...second, times, roles }
  })
}
