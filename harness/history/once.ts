// What several ask of one history, worked out once: a long run has a million calls to go through for each answer. Nothing is kept longer
// than what it was asked of, which must not change.

export function once<Of extends object, Answer>(answer: (of: Of) => Answer): (of: Of) => Answer {
  const known = new WeakMap<Of, Answer>()
  return (of) => {
    const found = known.get(of) ?? answer(of)
    known.set(of, found)
    return found
  }
}
