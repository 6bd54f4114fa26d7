// Which failed check may follow from which: one defence that fails makes others look broken, and who mends the second first mends nothing.
// Told only where the recording shows it: the check says so itself, or all of its witnesses are the other's too.
//
// Parameter: the failed verdicts. Not modelled: causes that did not fail a check.
import type { Verdict } from '../../checks/check.ts'

/** What a check itself says it follows from; else the failed check that names all its witnesses, and more. */
export function followsOf(failed: readonly Verdict[]): Map<string, string[]> {
  const inside = (one: Verdict, other: Verdict) =>
    one.witnesses.length > 0 &&
    other.witnesses.length > one.witnesses.length &&
    one.witnesses.every((witness) => other.witnesses.includes(witness))
  return new Map(
    failed.map((one) => {
      const others = failed.filter((other) => other !== one && !other.follows?.includes(one.check))
      const said = others.filter(({ check }) => one.follows?.includes(check))
      return [one.check, (said.length > 0 ? said : others.filter((other) => inside(one, other))).map(({ check }) => check)]
    }),
  )
}

/** Otherwise in their order. */
export function causesFirst(failed: readonly Verdict[], follows: ReadonlyMap<string, string[]>): Verdict[] {
  const told: Verdict[] = []
  const tell = (one: Verdict, from: readonly Verdict[]) => {
    if (told.includes(one) || from.includes(one)) return
    for (const cause of failed.filter(({ check }) => follows.get(one.check)?.includes(check))) tell(cause, [...from, one])
    told.push(one)
  }
  for (const one of failed) tell(one, [])
  return told
}
