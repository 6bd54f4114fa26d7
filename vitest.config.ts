import path from 'node:path'
import { defineConfig } from 'vitest/config'

// Tests start the command line and the server some two hundred times: compiled once, each costs half the CPU to start.
process.env.NODE_COMPILE_CACHE ??= path.join(import.meta.dirname, 'node_modules/.cache/node')

const everywhere = ['harness', 'reference-server', 'scenarios', 'tests'] as const
const setupFiles = ['tests/fixtures/stalls.ts']
const SUFFIX = 'integration.test.ts'
/** A program that is waited for may have to wait for a core. */
const expect = { poll: { timeout: 5_000 } }

/**
 * Real Postgres and Redis: these files may share the cores. One that counts milliseconds is named
 * `*.timed.integration.test.ts` and runs alone.
 */
const services = [
  ...['reference-server', 'harness/environment', 'harness/faults', 'harness/samplers'].map((folder) => `${folder}/**/!(*.timed).${SUFFIX}`),
  ...['bad-input', 'lifecycle', 'server-command'].map((name) => `tests/${name}.${SUFFIX}`),
]

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: everywhere.map((folder) => `${folder}/**/*.test.ts`),
          exclude: [`**/*.${SUFFIX}`, '**/*.containers.test.ts', '**/node_modules/**'],
          sequence: { groupOrder: 0 },
          // Vitest leaves one core to itself: on two that would be one file at a time.
          maxWorkers: '100%',
          // Some take a second of CPU, and on a starved machine many times that.
          testTimeout: 30_000,
        },
      },
      {
        test: {
          name: 'services',
          setupFiles,
          expect,
          include: services,
          sequence: { groupOrder: 1 },
          maxWorkers: 2,
          testTimeout: 180_000,
          hookTimeout: 120_000,
        },
      },
      {
        test: {
          name: 'integration',
          setupFiles,
          expect,
          include: everywhere.map((folder) => `${folder}/**/*.${SUFFIX}`),
          exclude: [...services, '**/node_modules/**'],
          // Whole runs measure latency on shared cores: one file at a time.
          sequence: { groupOrder: 2 },
          fileParallelism: false,
          testTimeout: 180_000,
          hookTimeout: 120_000,
        },
      },
      {
        test: {
          name: 'containers',
          setupFiles,
          expect,
          include: everywhere.map((folder) => `${folder}/**/*.containers.test.ts`),
          sequence: { groupOrder: 3 },
          fileParallelism: false,
          testTimeout: 180_000,
          hookTimeout: 180_000,
        },
      },
    ],
  },
})
