// The manifest of the made-up run: a machine, versions and times that never were.
import type { Manifest } from '../../history/manifest.ts'
import type { ExampleOptions } from './options.ts'

export function exampleManifest({ offers, weaken, notes = [] }: ExampleOptions, calls: number): Manifest {
  const shown: Manifest['offers'] = {
    responses: true,
    logs: true,
    'observe.metrics.poolUsed': true,
    'observe.metrics.breakerOpen': true,
    'observe.metrics.loopDelaySecondsP99': true,
  }
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
    generator: { exitCode: 0, maxRssBytes: 212_000_000 },
    harness: { maxRssBytes: 148_000_000 },
    callsInServerLog: calls,
    notes,
  }
}
