// What a person sees while a run goes on: a view of a few lines that is drawn anew in its place, on a terminal; elsewhere (a file, a CI's
// log, TERM=dumb) a plain line every few seconds and at each change of phase or of the faults in force. Everything goes to stderr, so that
// stdout stays for results.
import { stripVTControlCharacters } from 'node:util'
import { liveLine, liveLines } from '../../report/live-lines.ts'
import type { View } from '../../run/load-and-break.ts'

const PLAIN_EVERY_MS = 2_000
/** Back to the first column, all to the end of the screen cleared. */
const CLEAR = '\r\u001b[J'
/** A window of fewer rows gets one line. */
const ROWS_FOR_ALL = 6

/** What of a terminal is asked for. */
export type Stream = Pick<NodeJS.WriteStream, 'isTTY' | 'write'> & { columns?: number; rows?: number }

export function createScreen(stream: Stream = process.stderr, env: NodeJS.ProcessEnv = process.env, now = Date.now): View {
  const live = stream.isTTY === true && env.TERM !== 'dumb'
  const colour = live && !env.NO_COLOR
  let shownAt = 0
  let shown = ''
  /** As they stand on the screen. */
  let drawn: string[] = []
  /** A window that was made narrower since has broken them: each may take several rows. */
  const back = () => {
    const columns = Math.max(1, stream.columns ?? 100)
    const rows = drawn.reduce((sum, line) => sum + Math.max(1, Math.ceil([...stripVTControlCharacters(line)].length / columns)), 0)
    return rows > 1 ? `\u001b[${rows - 1}A${CLEAR}` : rows === 1 ? CLEAR : ''
  }
  return {
    say: (text) => {
      if (drawn.length > 0) stream.write(back())
      drawn = []
      stream.write(`· ${text}\n`)
    },
    live: (state) => {
      const stage = [state.phase, ...state.faults].join(' ')
      if (live) {
        const look = { width: Math.max(20, (stream.columns ?? 100) - 1), colour }
        const lines = (stream.rows ?? 24) >= ROWS_FOR_ALL ? liveLines(state, look) : [liveLine(state, look)]
        stream.write(`${back()}${lines.join('\n')}`)
        drawn = lines
      } else if (stage !== shown || now() - shownAt >= PLAIN_EVERY_MS) {
        shownAt = now()
        shown = stage
        stream.write(`${liveLine(state, { width: 200, colour })}\n`)
      }
    },
  }
}
