// Both drivers, the same plan, every persona there is, the same server: it decides by a call's id how that call is answered, so each call
// must have the same fate whichever driver sent it. Call by call: tool, key, attempt, outcome, class, the wait before
// it. What servers in the wild do to an answer (fixtures/strange-answers.ts) must also be understood for what it is.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { classify } from '../history/classify.ts'
import type { EndLine, SendLine } from '../history/load-line.ts'
import type { Plan } from '../plan/plan.ts'
import type { Driver } from './driver.ts'
import { strange } from './fixtures/strange-answers.ts'
import { ToolServer, type Way } from './fixtures/tool-server.ts'
import { type Generated, linesThatLack, type Member, World } from './fixtures/world.ts'
import { k6Driver } from './k6/start.ts'
import { undiciDriver } from './undici/start.ts'

const STRANGE = Object.keys(strange) as (keyof typeof strange)[]
const PLAIN: Way[] = ['ok', 'ok', 'ok', 'stream', 'refuse', 'shed', 'tool-error', 'hang', 'reset', 'cut', 'cut-stream', 'redirect']
const WAYS: Way[] = [...PLAIN, ...PLAIN, ...STRANGE]
/** What a wait may differ by on shared cores, ms. */
const TOLERANCE_MS = 150
/** Of calls made side by side, who comes when, and so who gets which id, is chance: so many may have no counterpart. */
const SHARED_SHARE_MIN = 0.85

interface Side extends Generated {
  server: ToolServer
}

let world: World

beforeAll(async () => {
  world = await World.open()
})

afterAll(async () => {
  await world[Symbol.asyncDispose]()
})

/** Each with times that fit a test of three seconds. */
function everyPersona(): Member[] {
  const quick: Record<string, number> = {
    everyMs: 600,
    waveEveryMs: 1_000,
    thinkMs: 30,
    pauseMs: 80,
    backoffMs: 80,
    timeoutMs: 500,
    dropAfterMs: 400,
  }
  const small: Record<string, number> = { atOnce: 2, callsMax: 25, turnsTo: 3, turnsMax: 2, turnsFrom: 1, fanOutTo: 3 }
  const roles: Record<string, Member['role']> = { impatient: 'write', lister: 'list', 'retry-happy': 'write' }
  return world.personas.all.map(({ id, value }) => {
    const own = Object.entries({ ...quick, ...small }).filter(([name]) => name in value.parameters)
    return { persona: id, agents: 2, role: roles[id] ?? 'cheapRead', parameters: Object.fromEntries(own) }
  })
}

async function side(driver: Driver, plan: Plan): Promise<Side> {
  const server = await ToolServer.listen()
  server.byId = WAYS
  const generated = await world.generate(driver, plan, server.url)
  await server.close()
  return { ...generated, server }
}

test.each(['2026-07-28', '2025-11-25'] as const)('in the era of %s each call has the same fate and waits as long', async (protocol) => {
  const plan = world.plan(everyPersona(), { protocol })
  const sides = [await side(k6Driver, plan), await side(undiciDriver, plan)] as const
  for (const each of sides) expectCounted(each, plan)
  expectSameFates(...sides)
  expectSameWaits(...sides)
  expectUnderstood(sides)
})

/** No message broke the schema, and every call is in the history and at the server, once. */
function expectCounted({ server, sends, ...generated }: Side, plan: Plan): void {
  expect(server.flaws).toEqual([])
  expect(linesThatLack({ ...generated, sends }, plan)).toEqual([])
  expect([...server.seen.keys()].sort()).toEqual(sends.map(({ call }) => call).sort())
  expect([...server.seen.values()].filter((times) => times > 1)).toEqual([])
}

function expectSameFates(...sides: readonly [Side, Side]): void {
  const [a, b] = sides.map(fates) as [Map<string, Fate>, Map<string, Fate>]
  for (const persona of world.personas.ids) {
    const own = (side: Map<string, Fate>) => [...side].filter(([, { send }]) => send.agent.startsWith(persona))
    const shared = own(a).filter(([id, fate]) => isSameCall(fate, b.get(id)))
    expect(shared.length, persona).toBeGreaterThanOrEqual(Math.max(1, SHARED_SHARE_MIN * Math.min(own(a).length, own(b).length)))
    for (const [id, fate] of shared) expect(told(fate), `${id} ${fate.end.transportText}`).toEqual(told(b.get(id) as Fate))
  }
  const classes = new Set([...a.values()].map((fate) => told(fate).class))
  for (const is of ['served', 'refused', 'shed', 'lost', 'server-error']) expect(classes, is).toContain(is)
}

/** What was asked is the same; what became of it is to be compared. */
function isSameCall({ send }: Fate, other: Fate | undefined): boolean {
  return other !== undefined && (['tool', 'key', 'attempt'] as const).every((name) => send[name] === other.send[name])
}

/** Every strange answer came, and is what it must be. */
function expectUnderstood(sides: readonly Side[]): void {
  const strangely = sides.flatMap((side) =>
    [...fates(side).values()].flatMap((fate) => {
      const way = side.server.wayById(fate.send.call)
      return fate.send.role !== 'handshake' && way !== undefined && way in strange ? [{ way: way as keyof typeof strange, fate }] : []
    }),
  )
  expect(new Set(strangely.map(({ way }) => way))).toEqual(new Set(STRANGE))
  const misread = strangely.filter(({ way, fate }) => told(fate).class !== strange[way].is)
  expect(misread.map(({ way, fate }) => ({ way, is: told(fate).class, end: fate.end }))).toEqual([])
}

function expectSameWaits(...sides: readonly [Side, Side]): void {
  const [a, b] = sides.map(waits) as [Map<string, number>, Map<string, number>]
  const apart = [...a].flatMap(([id, waitMs]) => (b.has(id) ? [Math.abs(waitMs - (b.get(id) as number))] : []))
  expect(apart.length).toBeGreaterThan(10)
  expect(apart.filter((ms) => ms > TOLERANCE_MS)).toEqual([])
}

interface Fate {
  send: SendLine
  end: EndLine
}

function fates({ sends, ends }: Side): Map<string, Fate> {
  return new Map(sends.flatMap((send) => (ends.has(send.call) ? [[send.call, { send, end: ends.get(send.call) as EndLine }]] : [])))
}

function told({ send, end }: Fate) {
  const { agent, task, attempt, role, tool, key } = send
  const is = classify({ call: send.call, evidence: end, ended: true, role, tool, errors: {} })
  const { status, transport, retryAfter, isError, correct, rpcCode } = end
  // On starved cores a timeout may come before a reset does: both are lost.
  const how = is.class === 'lost' ? undefined : transport
  return {
    agent,
    task,
    attempt,
    tool,
    key,
    outcome: is.outcome,
    class: is.class,
    status,
    transport: how,
    retryAfter,
    isError,
    correct,
    rpcCode,
  }
}

/** From the end of the attempt before to the next one's leaving, ms. */
function waits({ sends, ends }: Side): Map<string, number> {
  return new Map(
    sends.flatMap(({ call, parent, sentAtMs }) => {
      const before = parent === undefined ? undefined : ends.get(parent)
      return before ? [[call, sentAtMs - before.endedAtMs]] : []
    }),
  )
}
