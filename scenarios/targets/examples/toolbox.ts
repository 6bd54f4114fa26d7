// MCP Toolbox for Databases 1.12 (npm @toolbox-sdk/server), with a YAML of its own (tools/examples/toolbox.yaml): a Go server with one
// pool for all its tools, 4 connections unless TOOLBOX_POOL or the scenario says another number, and no limit of its own.
// Install: node tools/examples/install.mjs toolbox. What was found: docs/wild.md.
import { type TargetContext, target } from '../../../harness/target.ts'
import { cwd, day, seededStartOf } from './ledger.ts'

const POOL = 4
const PROGRAM = '.tools/examples/toolbox/node_modules/.bin/toolbox'

const poolOf = ({ settings }: TargetContext) => Number(process.env.TOOLBOX_POOL ?? settings.poolMax ?? POOL)

export default target({
  url: ({ ports }) => `http://127.0.0.1:${ports.server}/mcp`,
  protocol: '2026-07-28',
  tools: {
    cheapRead: {
      name: 'find_customer',
      arguments: (draw) => ({ id: draw.int(1, 400) }),
      sloMs: 500,
      needs: ['postgres:customers'],
    },
    expensiveRead: {
      name: 'sum_invoices',
      arguments: (draw) => ({ since: day(draw) }),
      sloMs: 1_500,
      needs: ['postgres:invoices'],
    },
  },
  declared: (context) => ({ poolMax: poolOf(context), instances: 1 }),
  dependencies: { postgres: 'embedded' },
  start: {
    command: seededStartOf(
      'toolbox',
      `${PROGRAM} --config tools/examples/toolbox.yaml --port "$PORT" --disable-version-check --disable-reload`,
    ),
    cwd,
    harnessNode: true,
    env: (context) => ({
      PORT: String(context.ports.server),
      PGPORT: context.at.postgres?.split(':')[1] ?? '',
      POOL_MAX: String(poolOf(context)),
      SEED_URL: `postgres://postgres@${context.at.postgres}/postgres`,
    }),
    ready: '/',
  },
  observe: { postgres: { role: 'app' } },
})
