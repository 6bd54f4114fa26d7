// A made-up run for the tests of this folder: its size, its shape and its names are chosen by the test, and the same choice
// gives the same history. It looks like a quick run (27 s, sixteen steady agents, one runaway) whose stress starves the others
// when `starved`, under a Postgres fault when `fault`. Nothing here says how a real server behaves.

import type { History } from '../../history/history.ts'
import type { FaultLine, SampleLine } from '../../history/raw-line.ts'
import { NOTHING_SAID } from '../../history/server-said.ts'
import type { PlannedAgent } from '../../plan/plan.ts'
import { exampleCalls } from './calls.ts'
import { exampleManifest } from './manifest.ts'
import { type ExampleOptions, phases } from './options.ts'

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
      faults: options.fault
        ? [
            {
              window: 'stress',
              fault: options.hostileText ?? 'postgres-latency',
              parameters: { delayMs: 300 },
              injectAtMs: 11_000,
              healAtMs: 19_000,
            },
          ]
        : [],
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
    agents: agents.map((agent) => ({
      kind: 'agent',
      agent,
      tasksPlanned: 30,
      tasksStarted: 30,
      callsSent: 30,
      lines: 61,
      missing: [],
      stopped: true,
      crashes: [],
    })),
    faults: options.fault ? exampleFaults(options.hostileText) : [],
    attempts: [],
    samples: exampleSamples(options),
    effects: [],
    hits: [],
    spans: [],
    leaks: [],
    said: NOTHING_SAID,
    clocks: [0, 5_000, 10_000, 27_000].map((atMs) => ({ kind: 'clock', atMs, monotonicMs: atMs + 1_000 + atMs / 20_000 })),
  }
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
        inFlight: pressed ? 12 : 1,
        limiterLocal: open,
        loopDelaySecondsP99: pressed ? 0.08 : 0.011,
      },
    }
  })
}
