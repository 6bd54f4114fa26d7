// What set-up says while it works, and how it says that it cannot.

/** Something the person at the keyboard can put right. `hint` says what to type. */
export class SetupError extends Error {
  /**
   * @param {string} code upper-case words, such as `K6_NOT_FOUND`
   * @param {string} message what is wrong, in a sentence
   * @param {string} hint what to type or change
   */
  constructor(code, message, hint) {
    super(message)
    this.name = 'SetupError'
    this.code = code
    this.hint = hint
  }
}

/** @param {string} line */
export function say(line) {
  process.stderr.write(`${line}\n`)
}

/**
 * Does one step that takes time: says what it is, how it goes every few seconds, and how long it took.
 * @template T
 * @param {string} what "building k6 2.2.0 (once, about a minute)"
 * @param {(report: (state: string) => void) => Promise<T>} work `report` tells where the work stands
 * @param {number} [everyMs] between two signs of life
 * @returns {Promise<T>}
 */
export async function step(what, work, everyMs = 5_000) {
  const begunAt = Date.now()
  const seconds = () => `${((Date.now() - begunAt) / 1_000).toFixed(1)} s`
  let state = ''
  say(`set-up: ${what} …`)
  const sign = setInterval(() => say(`set-up:   ${[seconds(), state].filter(Boolean).join(', ')}`), everyMs)
  try {
    const result = await work((now) => {
      state = now
    })
    say(`set-up:   done in ${seconds()}`)
    return result
  } finally {
    clearInterval(sign)
  }
}
