// The lines of a run's files as zod schemas, with one example a kind: raw lines are validated with them when the history is
// made, and the documentation and the tests show the examples. Unknown fields are let through: a newer producer may say
// more. The types stand in load-line.ts, which runs inside k6 too, where there is no zod, in raw-line.ts and in event.ts.
import { z } from 'zod'
import type { LoadLine } from './load-line.ts'
import type { Manifest } from './manifest.ts'
import type { AttemptLine, ClockLine, EffectLine, FaultLine, GeneratorLine, HitLine, LeakLine, SampleLine, SpanLine } from './raw-line.ts'

const ms = z.number()
const seq = z.int().min(1)
const id = z.string().min(1)

export const transport = z.enum(['timeout', 'reset', 'refused', 'dns', 'tls', 'cut', 'other'])

const evidence = {
  status: z.int().min(0).max(999),
  transport: transport.exactOptional(),
  transportText: z.string().exactOptional(),
  contentType: z.string().exactOptional(),
  retryAfter: z.string().exactOptional(),
  date: z.string().exactOptional(),
  rateLimit: z.string().exactOptional(),
  rateLimitPolicy: z.string().exactOptional(),
  instance: z.string().exactOptional(),
  challenge: z.string().exactOptional(),
  tenants: z.array(z.string()).exactOptional(),
  rpcId: z.union([z.string(), z.number(), z.null()]).exactOptional(),
  parsed: z.boolean().exactOptional(),
  rpcCode: z.number().exactOptional(),
  message: z.string().exactOptional(),
  isError: z.boolean().exactOptional(),
  data: z.record(z.string(), z.unknown()).exactOptional(),
  replayed: z.boolean().exactOptional(),
  sizeBytes: z.number().min(0).exactOptional(),
  hash: z.string().exactOptional(),
  correct: z.boolean().exactOptional(),
}

export const role = z.enum(['cheapRead', 'expensiveRead', 'write', 'money', 'external', 'slow', 'large', 'list', 'composite'])

const start = z.looseObject({ kind: z.literal('start'), atMs: ms })
const send = z.looseObject({
  kind: z.literal('send'),
  seq,
  call: id,
  agent: id,
  task: id,
  turn: z.int().min(0),
  attempt: z.int().min(1),
  parent: id.exactOptional(),
  role: z.union([role, z.literal('handshake')]),
  tool: z.string(),
  plannedAtMs: ms,
  sentAtMs: ms,
  timeoutMs: z.number().min(0),
  key: id.exactOptional(),
  trace: z.string(),
  credential: z
    .enum(['wrong-scope', 'wrong-tenant', 'expired', 'wrong-audience', 'malformed', 'revoked', 'new-key', 'unknown-key'])
    .exactOptional(),
  altered: z.literal(true).exactOptional(),
})
const end = z.looseObject({ kind: z.literal('end'), seq, call: id, agent: id, endedAtMs: ms, ...evidence })
const count = z.int().min(0)
const streams = z.looseObject({ opened: count, refused: count, ended: count, asked: count, answered: count }).exactOptional()
const stop = z.looseObject({ kind: z.literal('stop'), seq, agent: id, tasksStarted: count, callsSent: count, streams, atMs: ms })
const crash = z.looseObject({ kind: z.literal('crash'), seq, agent: id, task: z.string(), text: z.string() })

export const loadLine = z.discriminatedUnion('kind', [start, send, end, stop, crash])

const generator = { kind: z.literal('generator'), atMs: ms, part: z.int().min(0), of: z.int().min(1) }
export const generatorLine = z.discriminatedUnion('event', [
  z.looseObject({ ...generator, event: z.literal('hello'), planHash: z.string().exactOptional(), host: z.string().exactOptional() }),
  z.looseObject({ ...generator, event: z.literal('clock'), offsetMs: ms, uncertaintyMs: z.number().min(0) }),
  z.looseObject({ ...generator, event: z.literal('end'), bytes: z.int().min(0) }),
])

export const faultLine = z.looseObject({
  kind: z.literal('fault'),
  atMs: ms,
  window: z.string(),
  fault: id,
  dependency: id,
  turn: z.int().min(1).exactOptional(),
  event: z.enum(['injecting', 'injected', 'changed', 'felt', 'not-felt', 'healing', 'healed', 'not-healed']),
  detail: z.string().exactOptional(),
})
export const attemptLine = z.looseObject({ kind: z.literal('attempt'), atMs: ms, link: id, refused: z.boolean() })
export const sampleLine = z.looseObject({
  kind: z.literal('sample'),
  atMs: ms,
  sampler: id,
  instance: z.string().exactOptional(),
  values: z.record(z.string(), z.number()),
})
export const effectLine = z.looseObject({
  kind: z.literal('effect'),
  role,
  key: id,
  rows: z.int().min(0),
  names: z.array(z.string()),
  tenant: z.string().exactOptional(),
})
export const clockLine = z.looseObject({ kind: z.literal('clock'), atMs: ms, monotonicMs: ms })

export const hitLine = z.looseObject({
  kind: z.literal('hit'),
  atMs: ms,
  status: z.int().min(0),
  call: id.exactOptional(),
  trace: id.exactOptional(),
})
export const spanLine = z.looseObject({
  kind: z.literal('span'),
  atMs: ms,
  endedAtMs: ms,
  trace: id,
  span: id,
  parent: id.exactOptional(),
  name: z.string(),
  role: z.string(),
  instance: z.string().exactOptional(),
  attributes: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])),
})
export const leakLine = z.looseObject({ kind: z.literal('leak'), where: z.string(), secret: id, call: id.exactOptional() })

/** What must be there for a folder to be judged at all; the rest of the manifest is for people. */
export const manifestSchema = z.looseObject({
  schemaVersion: z.int(),
  run: id,
  scenario: id,
  target: id,
  scale: z.enum(['quick', 'full']),
  seed: z.number(),
  state: z.enum(['running', 'complete', 'aborted']),
  t0Ms: ms.exactOptional(),
  declared: z.record(z.string(), z.unknown()),
  offers: z.record(z.string(), z.union([z.literal(true), z.string()])),
  errors: z.record(z.string(), z.string()),
  observed: z.record(z.string(), z.unknown()),
  notes: z.array(z.string()),
} satisfies Partial<Record<keyof Manifest, z.ZodType>>)

/** One line of every kind, as its producer writes it. */
export const examples: readonly (
  | LoadLine
  | GeneratorLine
  | FaultLine
  | AttemptLine
  | SampleLine
  | EffectLine
  | ClockLine
  | HitLine
  | SpanLine
  | LeakLine
)[] = [
  { kind: 'start', atMs: 1_767_225_600_000 },
  {
    kind: 'send',
    seq: 1,
    call: 'st-k3v9-steady-01-t1-1',
    agent: 'steady-01',
    task: 't1',
    turn: 1,
    attempt: 1,
    role: 'cheapRead',
    tool: 'list_tables',
    plannedAtMs: 3_120,
    sentAtMs: 3_121.4,
    timeoutMs: 6_000,
    trace: '4bf92f3577b34da6a3ce929d0e0e4736',
  },
  {
    kind: 'end',
    seq: 2,
    call: 'st-k3v9-steady-01-t1-1',
    agent: 'steady-01',
    endedAtMs: 3_129.9,
    status: 429,
    contentType: 'application/json',
    retryAfter: '2',
    rpcId: 'st-k3v9-steady-01-t1-1',
    parsed: true,
    rpcCode: 42_901,
    message: 'The budget of this agent is spent; try again in 1.6 seconds.',
    data: { code: 'RATE_LIMITED', retryable: true, retryAfterMs: 1_600, scope: 'agent', limit: 60, windowMs: 60_000 },
  },
  { kind: 'stop', seq: 3, agent: 'steady-01', tasksStarted: 1, callsSent: 1, atMs: 27_000 },
  { kind: 'crash', seq: 3, agent: 'steady-02', task: 't4', text: 'TypeError: answer is undefined' },
  { kind: 'generator', atMs: 1_767_225_600_000, part: 3, of: 4, event: 'clock', offsetMs: -12.5, uncertaintyMs: 0.4 },
  {
    kind: 'fault',
    atMs: 1_767_225_611_000,
    window: 'stress',
    fault: 'postgres-latency',
    dependency: 'postgres',
    event: 'felt',
    detail: 'canary round trip 612 ms',
  },
  { kind: 'attempt', atMs: 1_767_225_611_020, link: 'postgres', refused: true },
  { kind: 'sample', atMs: 1_767_225_611_000, sampler: 'prometheus', instance: '1', values: { 'poolWaiting{pool="cheap"}': 3 } },
  { kind: 'effect', role: 'write', key: 'st-k3v9.impatient-01-t1-w1', rows: 1, names: ['INV-0007'] },
  { kind: 'clock', atMs: 1_767_225_600_000, monotonicMs: 8_123.456 },
  { kind: 'hit', atMs: 1_767_225_611_031, status: 503, call: 'st-k3v9-steady-01-t1-1', trace: '4bf92f3577b34da6a3ce929d0e0e4736' },
  {
    kind: 'span',
    atMs: 1_767_225_611_021,
    endedAtMs: 1_767_225_611_033,
    trace: '4bf92f3577b34da6a3ce929d0e0e4736',
    span: '00f067aa0ba902b7',
    parent: 'b7ad6b7169203331',
    name: 'tools/call list_tables',
    role: 'server',
    instance: 'server-1',
    attributes: { 'gen_ai.tool.name': 'list_tables' },
  },
  { kind: 'leak', where: 'server-1.log:214', secret: 'planted-5f0c', call: 'st-k3v9-steady-01-t1-1' },
]
