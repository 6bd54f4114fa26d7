// An agent of a framework that retries, under a model that retries too: each layer asks again by itself, and they multiply.
//
// Stands for: two retries of the framework times three of the model, eleven calls for one intent. Rows of the table in docs/presets.md:
// "retry, framework", "retry, model" (0 to 5 extra tries, mean 2.8; a turn apart, a quarter to four times the median of 4 s), "calls a
// task" (small ones, 5 to 12 turns), "think time", "fan-out a turn", "client timeout", "session churn". Closed on purpose.
// Parameters, ranges in the declaration: the pace; turns and fan-out; timeoutMs (0: none); tries of the framework in all, on what, how
// far apart; modelTries at most; sessions, kept or begun before each call. At quick scale pauses of the model are a quarter.
// Not modelled: a model that changes its arguments on the second try, or gives up the task; a new key for the same intent.
import { atQuick, choice, count, milliseconds, ratio, share } from '../../harness/parameters.ts'
import { type Agent, type Answer, type PlannedCall, type PlannedTask, persona } from '../../harness/persona.ts'
import { sketchTurns, walkTurns } from './turns.ts'

/** How often a model asks again that is told of a failure: of 100, so many not at all, once, … five times (mean 2.8). */
const MODEL_TRIES = [8, 14, 20, 22, 20, 16]
const HANDSHAKES = 3

interface Habits {
  timeoutMs: number
  tries: number
  retryOn: string
  backoffMs: number
  factor: number
  jitterShare: number
  backoffMaxMs: number
  modelTries: number
  modelThinkMs: number
  sessions: string
}

export const retryHappy = persona({
  summary: 'Asks again when something fails, in the framework and in the model above it: the tries multiply.',
  source: 'LangChain, LangGraph, OpenAI Agents SDK (sources); SmartAI/mcp-chaos, 12 models (model retries); MCPMark (turns)',
  parameters: {
    everyMs: atQuick(milliseconds(20_000, { from: 50, to: 600_000 }), 5_000),
    turnsFrom: count(5, { from: 1, to: 50 }),
    turnsTo: count(12, { from: 1, to: 50 }),
    fanOutShare: share(0.1),
    fanOutFrom: count(3, { from: 1, to: 100 }),
    fanOutTo: count(10, { from: 1, to: 100 }),
    together: choice(['at-once', 'one-by-one'], 'at-once'),
    thinkMs: atQuick(milliseconds(1_700, { from: 0, to: 600_000 }), 425),
    timeoutMs: atQuick(milliseconds(30_000, { from: 0, to: 300_000 }), 6_000),
    tries: count(3, { from: 1, to: 20 }),
    retryOn: choice(['nothing', 'server-errors', 'failures'], 'failures'),
    backoffMs: milliseconds(1_000, { from: 0, to: 60_000 }),
    factor: ratio(2, { from: 1, to: 10 }),
    jitterShare: share(0.25),
    backoffMaxMs: milliseconds(60_000, { from: 0, to: 600_000 }),
    modelTries: count(5, { from: 0, to: 5 }),
    modelThinkMs: atQuick(milliseconds(4_000, { from: 0, to: 60_000 }), 1_000),
    sessions: choice(['kept', 'per-call'], 'kept'),
  },
  tasks(draw, shape, span) {
    const { everyMs, tries, modelTries, sessions } = shape
    return draw.arrivals(span, everyMs, 'poisson').map((atMs) => {
      const calls = sketchTurns(draw, atMs, span, shape)
      const each = tries * (1 + modelTries) * (sessions === 'per-call' ? 1 + HANDSHAKES : 1)
      return { atMs, calls, callsMax: calls.length * each }
    })
  },
  async act(agent, task, habits) {
    await walkTurns(agent, task, habits.together === 'at-once', (call, position) => new Asking(agent, task, position, habits).whole(call))
  },
})

/** One call with all that is made of it. */
class Asking {
  readonly #agent: Agent
  readonly #task: PlannedTask
  readonly #habits: Habits
  /** Calls of one turn choose each for itself. */
  readonly #lane: number

  constructor(agent: Agent, task: PlannedTask, position: number, habits: Habits) {
    this.#agent = agent
    this.#task = task
    this.#habits = habits
    this.#lane = (position + 1) * 1_000
  }

  /** The model's own tries around those of the framework. */
  async whole(call: PlannedCall): Promise<void> {
    let answer = await this.#framework(call)
    const again = Math.min(this.#habits.modelTries, triesOfModel(this.#chance(call, 0)))
    for (let n = 1; n <= again && !answer.ok; n++) {
      await this.#agent.think(this.#habits.modelThinkMs * 4 ** (2 * this.#chance(call, 100 + n) - 1))
      answer = await this.#framework(call, answer)
    }
  }

  async #framework(call: PlannedCall, before?: Answer): Promise<Answer> {
    const { tries, retryOn, backoffMs, factor, backoffMaxMs, jitterShare } = this.#habits
    let answer = await this.#once(call, before)
    for (let n = 1; n < tries && isRetried(answer, retryOn); n++) {
      const waitMs = Math.min(backoffMaxMs, backoffMs * factor ** (n - 1))
      await this.#agent.think(waitMs * (1 + jitterShare * (2 * this.#chance(call, answer.attempt) - 1)))
      answer = await this.#once(call, answer)
    }
    return answer
  }

  async #once(call: PlannedCall, before?: Answer): Promise<Answer> {
    const { timeoutMs, sessions } = this.#habits
    if (sessions === 'per-call') {
      const opened = await this.#agent.openSession({ timeoutMs })
      // To the framework a session that does not open is a call that failed.
      if (!opened.ok) return { ...(before ?? { call, attempt: 0 }), ...outcomeOf(opened) }
    }
    return before && before.attempt > 0 ? this.#agent.again(before, { timeoutMs }) : this.#agent.call(call, { timeoutMs })
  }

  #chance({ turn }: PlannedCall, attempt: number): number {
    return this.#agent.chance(this.#task, this.#lane + turn, attempt)
  }
}

function outcomeOf({ ok, lost, refused, status }: Answer): Pick<Answer, 'ok' | 'lost' | 'refused' | 'status'> {
  return { ok, lost, refused, status }
}

function isRetried({ ok, status }: Answer, retryOn: string): boolean {
  if (ok || retryOn === 'nothing') return false
  return retryOn === 'failures' || status === 0 || status >= 500
}

function triesOfModel(chance: number): number {
  let left = chance * MODEL_TRIES.reduce((sum, share) => sum + share, 0)
  for (const [tries, share] of MODEL_TRIES.entries()) {
    left -= share
    if (left < 0) return tries
  }
  return MODEL_TRIES.length - 1
}
