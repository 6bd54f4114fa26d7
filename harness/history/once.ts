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

/**
 * The same, for each thing that it is asked about: a dependency, a stretch.
 * @param nameOf what tells one from another, where the thing itself does not
 */
export function onceEach<Of extends object, About, Answer>(
  answer: (of: Of, about: About) => Answer,
  nameOf: (about: About) => unknown = (about) => about,
): (of: Of, about: About) => Answer {
  const answers = once((_: Of) => new Map<unknown, Answer>())
  return (of, about) => {
    const known = answers(of)
    const name = nameOf(about)
    const found = known.get(name) ?? answer(of, about)
    known.set(name, found)
    return found
  }
}
