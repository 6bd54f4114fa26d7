// What a person sees while a run goes on: one live line on a terminal; elsewhere a plain line every few seconds and at each
// change of phase or of the faults in force. Everything goes to stderr, so that stdout stays for results.
import { liveLine } from '../report/terminal.ts'
import type { View } from '../run/load-and-break.ts'

const PLAIN_EVERY_MS = 2_000
const CLEAR_LINE = '\r\u001b[2K'

export interface Screen extends View {
  /** Ends the live line, so that what follows starts on a line of its own. */
  end(): void
}

export function createScreen(stream: NodeJS.WriteStream = process.stderr, env: NodeJS.ProcessEnv = process.env): Screen {
  const live = stream.isTTY === true
  const colour = live && !env.NO_COLOR
  let shownAt = 0
  let shown = ''
  let open = false
  const end = () => {
    if (open) stream.write(CLEAR_LINE)
    open = false
  }
  return {
    end,
    say: (text) => {
      end()
      stream.write(`· ${text}\n`)
    },
    live: (state) => {
      const stage = [state.phase, ...state.faults].join(' ')
      if (live) {
        stream.write(`${CLEAR_LINE}${liveLine(state, { width: (stream.columns ?? 100) - 1, colour })}`)
        open = true
      } else if (stage !== shown || Date.now() - shownAt >= PLAIN_EVERY_MS) {
        shownAt = Date.now()
        shown = stage
        stream.write(`${liveLine(state, { width: 200, colour })}\n`)
      }
    },
  }
}
