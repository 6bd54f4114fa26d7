// A made-up run for the tests of this folder: its size, its shape and its names are chosen by the test, and the same choice
// gives the same history. It looks like a quick run (27 s, sixteen steady agents, one runaway) whose stress starves the others
// when `starved`, under a Postgres fault when `fault`. Nothing here says how a real server behaves.
import { type Status, type Verdict, type Verdicts } from '../checks/check.ts'
import type { Call, CallClass, Evidence, FaultLine, Manifest, Phase, SampleLine } from '../history/event.ts'
import type { History } from '../history/history.ts'
import type { PlannedAgent } from '../plan/plan.ts'

export interface ExampleOptions {
  callsPerSecond?: number
  starved?: boolean
  fault?: boolean
  /** Put where the server under test chooses the words: tools, messages, labels, instances. */
  hostileText?: string
  offers?: Manifest['offers']
  weaken?: string
  notes?: string[]
}

const phases: Phase[] = [
  { name: 'warm-up', fromMs: 0, toMs: 3_000 },
  { name: 'steady', fromMs: 3_000, toMs: 11_000 },
  { name: 'stress', window: 'stress', fromMs: 11_000, toMs: 19_000 },
  { name: 'recovery', window: 'stress', fromMs: 19_000, toMs: 27_000 },
]

/** 0 to 1, from a counter: mulberry32. */
function noise(state: { at: number }): number {
  state.at = (state.at + 0x6d2b79f5) | 0
  let t = Math.imul(state.at ^ (state.at >>> 15), 1 | state.at)
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
  return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296
}

export function exampleHistory(options: ExampleOptions = {}): History {
  const calls = exampleCalls(options)
  const agents = [...new Set(calls.map((call) => call.agent))]
  return {
    manifest: exampleManifest(options, calls.length),
    plan: {
      schemaVersion: 1,
      scenario: 'runaway-loop',
      target: 'reference',
      seed: 7,
      scale: 'quick',
      protocol: '2026-07-28',
      phases,
      faults: options.fault ? [{ window: 'stress', fault: 'postgres-latency', parameters: { delayMs: 300 }, injectAtMs: 11_000, healAtMs: 19_000 }] : [],
      links: {},
      settings: {},
      roles: {},
      agents: agents.map(
        (agent, index): PlannedAgent => ({
          agent,
          index,
          tenant: 'acme',
          persona: agent.startsWith('runaway') ? 'runaway-loop' : 'steady',
          parameters: {},
          hostile: agent.startsWith('runaway'),
          tasks: [],
        }),
      ),
      checks: [],
      essential: ['fairness'],
      endsAtMs: 27_000,
      patienceMs: 6_000,
    },
    calls,
    agents: agents.map((agent) => ({ kind: 'agent', agent, tasksPlanned: 30, tasksStarted: 30, lines: 61, missing: [], stopped: true, crashes: [] })),
    faults: options.fault ? exampleFaults(options.hostileText) : [],
    attempts: [],
    samples: exampleSamples(options),
    effects: [],
    clocks: [0, 5_000, 10_000, 27_000].map((atMs) => ({ kind: 'clock', atMs, monotonicMs: atMs + 1_000 + atMs / 20_000 })),
  }
}

function exampleCalls({ callsPerSecond = 40, starved = false, fault = false, hostileText }: ExampleOptions): Call[] {
  const state = { at: 7 }
  const calls: Call[] = []
  const everyMs = 1000 / callsPerSecond
  for (let atMs = 0; atMs < 27_000; atMs += everyMs) {
    const inStress = atMs >= 11_000 && atMs < 19_000
    calls.push(exampleCall(calls.length, atMs, false, inStress && (starved || fault), state, hostileText))
    if (inStress && !fault) for (let i = 0; i < 3; i++) calls.push(exampleCall(calls.length, atMs + i, true, !starved, state, hostileText))
  }
  return calls
}

/** @param pressed it meets the stress: slower, and now and then refused or lost */
function exampleCall(index: number, atMs: number, hostile: boolean, pressed: boolean, state: { at: number }, hostileText?: string): Call {
  const phase = phases.find(({ fromMs, toMs }) => atMs >= fromMs && atMs < toMs) ?? phases[3]
  const drawn = noise(state)
  const kind: CallClass = !pressed ? 'served' : hostile ? (drawn < 0.9 ? 'refused' : 'served') : drawn < 0.35 ? 'refused' : drawn < 0.42 ? 'lost' : 'served'
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
  const data = { code: 'RATE_LIMITED', retryAfterMs: 1_200, scope: 'agent', ...(hostileText !== undefined && { [hostileText]: hostileText }) }
  return { status: 429, parsed: true, rpcCode: -32_029, message, data, contentType: 'application/json', ...(hostileText !== undefined && { retryAfter: hostileText }) }
}

function exampleFaults(hostileText?: string): FaultLine[] {
  const line = { kind: 'fault', window: 'stress', fault: hostileText ?? 'postgres-latency', dependency: 'postgres' } as const
  return [
    { ...line, atMs: 11_000, event: 'injecting' },
    { ...line, atMs: 11_040, event: 'injected' },
    { ...line, atMs: 11_400, event: 'felt', detail: `canary round trip 612 ms ${hostileText ?? ''}` },
    { ...line, atMs: 19_000, event: 'healing' },
    { ...line, atMs: 19_060, event: 'healed', detail: 'canary round trip 1 ms' },
  ]
}

function exampleSamples({ fault = false, hostileText }: ExampleOptions): SampleLine[] {
  const pool = hostileText ?? 'cheap'
  return Array.from({ length: 54 }, (_, i) => {
    const atMs = i * 500
    const pressed = atMs > 11_500 && atMs < 19_500
    const open = fault && atMs > 12_500 && atMs < 20_000 ? 1 : 0
    return {
      kind: 'sample',
      atMs,
      sampler: 'prometheus',
      instance: 'server-1',
      values: {
        [`poolUsed{pool="${pool}"}`]: pressed ? 8 : 2 + (i % 3),
        [`poolWaiting{pool="${pool}"}`]: pressed ? 10 + (i % 5) : 0,
        [`breakerOpen{breaker="${hostileText ?? 'postgres'}"}`]: open,
      },
    }
  })
}

function exampleManifest({ offers, weaken, notes = [] }: ExampleOptions, calls: number): Manifest {
  const shown: Manifest['offers'] = { responses: true, logs: true, 'observe.metrics.poolUsed': true, 'observe.metrics.breakerOpen': true }
  return {
    schemaVersion: 1,
    run: 'r7',
    scenario: 'runaway-loop',
    target: 'reference',
    scale: 'quick',
    seed: 7,
    planHash: '5d41402abc4b2a76b9719d911017c592ae2cf1b0',
    ...(weaken !== undefined && { weaken }),
    protocol: '2026-07-28',
    driver: 'k6',
    startedAt: '2026-03-01T09:30:00.000Z',
    t0Ms: 1_772_357_400_000,
    endedAt: '2026-03-01T09:30:31.000Z',
    state: 'complete',
    url: 'http://127.0.0.1:41873/v1/mcp',
    declared: { poolMax: 8, queueMax: 16 },
    offers: offers ?? shown,
    errors: {},
    observed: {},
    versions: { stampede: '0.1.0', node: '24.21.0', k6: '2.2.0', postgres: '18.4', redis: '8.0.2' },
    commit: 'e7362ce1a2b3c4d5e6f708192a3b4c5d6e7f8091',
    dirty: false,
    cores: 2,
    memoryBytes: 8_200_000_000,
    platform: 'linux x64',
    command: `npm run scenario runaway-loop -- --seed 7${weaken === undefined ? '' : ` --weaken ${weaken}`}`,
    generator: { exitCode: 0, calls, maxRssBytes: 212_000_000 },
    harness: { maxRssBytes: 148_000_000 },
    callsInServerLog: calls,
    notes,
  }
}

/** A verdict with everything a check can say, as far as its status allows. */
export function exampleVerdict(status: Status, more: Partial<Verdict> = {}): Verdict {
  return {
    check: 'pool-bounded',
    code: 'A8',
    title: 'The server keeps to its pool',
    sort: 'exact',
    status,
    essential: false,
    samples: 54,
    says: 'At most 8 of 8 connections were open',
    measured: 8,
    limit: 8,
    unit: 'connections',
    margin: 0,
    witnesses: [],
    exhibits: [],
    evidence: 'direct',
    why: 'A server that opens connections as it likes takes the database away from everybody else.',
    remedy: { control: 'bulkhead', do: 'One pool a process, sized once.' },
    source: 'seed 2, "The Production Gotcha"',
    ...(status === 'unknown' && { because: 'G3 baseline-steady: the halves of the steady phase differ by 9 points' }),
    ...(status === 'not-judged' && { addLine: "observe: { postgres: { role: 'app' } }" }),
    ...more,
  }
}

export function exampleVerdicts(status: Verdicts['status'], verdicts: Verdict[], headline: string, weaken?: string): Verdicts {
  const exitCode = ({ pass: 0, fail: 1, unknown: 2 } as const)[status]
  const run = { schemaVersion: 1, run: 'r7', scenario: 'runaway-loop', target: 'reference', seed: 7, scale: 'quick' }
  return { ...run, ...(weaken !== undefined && { weaken }), status, exitCode, headline, verdicts }
}
