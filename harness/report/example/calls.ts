// The calls of the made-up run: a constant rate of measured agents, and in the stress a runaway at three times theirs.
import type { Call, CallClass } from '../../history/event.ts'
import type { Evidence } from '../../history/load-line.ts'
import { isDuring } from '../../history/stretch.ts'
import { type ExampleOptions, phases } from './options.ts'

/** 0 to 1, from a counter: mulberry32. */
function noise(state: { at: number }): number {
  state.at = (state.at + 0x6d2b79f5) | 0
  let t = Math.imul(state.at ^ (state.at >>> 15), 1 | state.at)
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
  return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296
}

export function exampleCalls({
  callsPerSecond = 40,
  starved = false,
  fault = false,
  retries = false,
  hostileText,
}: ExampleOptions): Call[] {
  const state = { at: 7 }
  const calls: Call[] = []
  const everyMs = 1000 / callsPerSecond
  for (let atMs = 0; atMs < 27_000; atMs += everyMs) {
    const inStress = atMs >= 11_000 && atMs < 19_000
    calls.push(exampleCall(calls.length, atMs, false, inStress && (starved || fault), state, hostileText))
    if (inStress && !fault) for (let i = 0; i < 3; i++) calls.push(exampleCall(calls.length, atMs + i, true, !starved, state, hostileText))
  }
  return retries ? withRetries(calls, state) : calls
}

/** One more attempt at what a measured agent was refused: one in five comes too early, one in ten is refused again. */
function withRetries(calls: readonly Call[], state: { at: number }): Call[] {
  const again = calls.flatMap((call): Call[] => {
    if (call.class !== 'refused' || call.hostile || call.endedAtMs === undefined) return []
    const sentAtMs = call.endedAtMs + (noise(state) < 0.2 ? 400 : 1_200) + noise(state) * 200
    const refused = noise(state) < 0.1
    const { budget: _, ...rest } = call
    const served = { outcome: 'ok', class: 'served', good: true, evidence: exampleEvidence('served') } as const
    return [
      {
        ...rest,
        ...(!refused && served),
        call: `${call.call}-2`,
        parent: call.call,
        attempt: 2,
        sentAtMs,
        plannedAtMs: sentAtMs,
        endedAtMs: sentAtMs + 9,
      },
    ]
  })
  return [...calls, ...again].sort((a, b) => a.sentAtMs - b.sentAtMs).map((call, index) => ({ ...call, index }))
}

/** @param pressed it meets the stress: slower, and now and then refused or lost */
function exampleCall(index: number, atMs: number, hostile: boolean, pressed: boolean, state: { at: number }, hostileText?: string): Call {
  const phase = phases.find((phase) => isDuring(phase, atMs)) ?? phases[3]
  const drawn = noise(state)
  const kind: CallClass = !pressed
    ? 'served'
    : hostile
      ? drawn < 0.9
        ? 'refused'
        : 'served'
      : drawn < 0.35
        ? 'refused'
        : drawn < 0.42
          ? 'lost'
          : 'served'
  const agent = hostile ? 'runaway-01' : `steady-${String(1 + (index % 16)).padStart(2, '0')}`
  const sentAtMs = atMs + noise(state) * 4
  const tookMs = kind === 'refused' ? 3 + noise(state) * 5 : (pressed ? 300 : 14) * (0.6 + noise(state) ** 4 * 6)
  const outcome = kind === 'served' ? 'ok' : kind === 'lost' ? 'info' : 'fail'
  return {
    kind: 'call',
    index,
    call: `r7-${agent}-t${Math.floor(index / 16)}-${index}`,
    agent,
    task: `t${Math.floor(index / 16)}`,
    turn: 1,
    attempt: 1,
    role: 'cheapRead',
    tool: hostileText ?? 'list_tables',
    plannedAtMs: atMs,
    sentAtMs,
    timeoutMs: 6_000,
    trace: '4bf92f3577b34da6a3ce929d0e0e4736',
    tenant: 'acme',
    persona: hostile ? 'runaway-loop' : 'steady',
    hostile,
    ...(kind !== 'lost' && { endedAtMs: sentAtMs + tookMs }),
    evidence: exampleEvidence(kind, hostileText),
    outcome,
    class: kind,
    ...(kind === 'refused' && { budget: 'concurrency' }),
    by: 'direct',
    good: outcome === 'ok' && tookMs < 1_000,
    phase: phase?.name ?? 'steady',
    ...(phase?.window !== undefined && { window: phase.window }),
    straddles: false,
    server: { instance: hostileText ?? 'server-1', durationMs: Math.round(tookMs) },
  }
}

function exampleEvidence(kind: CallClass, hostileText?: string): Evidence {
  if (kind === 'lost') return { status: 0 }
  if (kind === 'served') return { status: 200, parsed: true, isError: false, sizeBytes: 812, hash: '9b1c33aa', correct: true }
  const message = hostileText ?? 'Too many calls at once for this agent.'
  const data = {
    code: 'RATE_LIMITED',
    retryAfterMs: 1_200,
    scope: 'agent',
    ...(hostileText !== undefined && { [hostileText]: hostileText }),
  }
  return {
    status: 429,
    parsed: true,
    rpcCode: -32_029,
    message,
    data,
    contentType: 'application/json',
    ...(hostileText !== undefined && { retryAfter: hostileText }),
  }
}
