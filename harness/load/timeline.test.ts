import { expect, test } from 'vitest'
import type { Agent } from '../persona.ts'
import type { PlannedTask } from '../plan/plan.ts'
import type { RawAnswer } from './evidence.ts'
import { live } from './fixtures/lone-agent.ts'
import { type Reply, VirtualEngine } from './fixtures/virtual-engine.ts'
import type { WireRequest } from './request.ts'

const roles = { write: { tool: 'make', sloMs: 500, needs: [], correct: [], idempotencyKey: { argument: 'requestId' } } }

function task(id: string, atMs: number, turns: { turn: number; thinkMs: number }[] = [{ turn: 1, thinkMs: 0 }]): PlannedTask {
  const calls = turns.map(({ turn, thinkMs }, n) => ({
    turn,
    thinkMs,
    role: 'write' as const,
    arguments: {},
    key: `a-01-${id}-${turn}-${n + 1}`,
  }))
  return { task: id, atMs, calls }
}

async function followed(
  act: (agent: Agent, task: PlannedTask) => Promise<void>,
  tasks: PlannedTask[],
  reply?: (position: number) => Reply,
  engine = new VirtualEngine(reply && ((_request, position) => reply(position))),
): Promise<VirtualEngine> {
  await live(engine, act, tasks, { roles })
  const seqs = engine.lines.flatMap((line) => (line.kind === 'start' ? [] : [line.seq]))
  expect(seqs, 'a seq is missing').toEqual(seqs.map((_, position) => position + 1))
  expect(engine.lines.at(-1)).toMatchObject({ kind: 'stop', callsSent: engine.requests.length })
  return engine
}

const each = async (agent: Agent, { calls }: PlannedTask) => {
  for (const call of calls) {
    await agent.think(call.thinkMs)
    await agent.call(call)
  }
}

test('tasks start at their moments, also while others are under way', async () => {
  const engine = await followed(each, [task('t1', 100), task('t2', 150), task('t3', 150)], () => ({ afterMs: 400 }))
  expect(engine.sends.map(({ task: id, plannedAtMs, sentAtMs }) => [id, plannedAtMs, sentAtMs])).toEqual([
    ['t1', 100, 100],
    ['t2', 150, 150],
    ['t3', 150, 150],
  ])
  expect(engine.lines.at(-1)).toMatchObject({ kind: 'stop', tasksStarted: 3 })
})

test('a later call is planned at the end of the turn before plus its think time', async () => {
  const two = task('t1', 100, [
    { turn: 1, thinkMs: 0 },
    { turn: 2, thinkMs: 300 },
  ])
  const engine = await followed(each, [two], () => ({ afterMs: 50 }))
  expect(engine.sends.map(({ turn, plannedAtMs }) => [turn, plannedAtMs])).toEqual([
    [1, 100],
    [2, 450],
  ])
})

test('after a fan-out the end of the slowest call counts', async () => {
  const calls = task('t1', 0, [
    { turn: 1, thinkMs: 0 },
    { turn: 1, thinkMs: 0 },
    { turn: 2, thinkMs: 10 },
  ])
  const act = async (agent: Agent, { calls: [a, b, c] }: PlannedTask) => {
    if (!a || !b || !c) return
    await Promise.all([agent.call(a), agent.call(b)])
    await agent.think(c.thinkMs)
    await agent.call(c)
  }
  const engine = await followed(act, [calls], (position) => ({ afterMs: position === 0 ? 200 : 70 }))
  expect(engine.sends.map(({ plannedAtMs }) => plannedAtMs)).toEqual([0, 0, 210])
})

test('loops that think side by side each keep their own planned moments', async () => {
  const act = async (agent: Agent, { calls: [call] }: PlannedTask) => {
    if (!call) return
    const loop = async (pauseMs: number) => {
      for (let n = 0; n < 3; n++) {
        await agent.call(call)
        await agent.think(pauseMs)
      }
    }
    await Promise.all([loop(10), loop(25)])
  }
  const engine = await followed(act, [task('t1', 0)], (position) => ({ afterMs: 5 + position }))
  expect(engine.sends.length).toBe(6)
  for (const { plannedAtMs, sentAtMs } of engine.sends) expect(sentAtMs).toBe(plannedAtMs)
})

test('asking again keeps the key, names the attempt before, and is planned at the end of the wait', async () => {
  const act = async (agent: Agent, { calls: [call] }: PlannedTask) => {
    if (!call) return
    const answer = await agent.call(call, { timeoutMs: 200 })
    expect(answer).toMatchObject({ lost: true, ok: false, attempt: 1 })
    await agent.think(50)
    expect(await agent.again(answer)).toMatchObject({ ok: true, attempt: 2 })
  }
  const engine = await followed(act, [task('t1', 0)], (position) => ({ afterMs: position === 0 ? 900 : 10 }))
  const [first, second] = engine.sends
  expect(first).toMatchObject({ call: 'r1-a-01-t1-1', attempt: 1, key: 'r1.a-01-t1-1-1', timeoutMs: 200 })
  expect(second).toMatchObject({
    call: 'r1-a-01-t1-2',
    attempt: 2,
    parent: 'r1-a-01-t1-1',
    key: first?.key,
    plannedAtMs: 250,
    trace: first?.trace,
  })
  expect(engine.ends[0]).toMatchObject({ status: 0, transport: 'timeout', endedAtMs: 200 })
  expect(JSON.parse(engine.requests[1]?.body ?? '')).toMatchObject({ id: second?.call, params: { arguments: { requestId: first?.key } } })
})

test('a persona that throws leaves a crash line, and its other tasks go on', async () => {
  const act = async (agent: Agent, planned: PlannedTask) => {
    await each(agent, planned)
    if (planned.task === 't1') throw new Error('no idea')
  }
  const engine = await followed(act, [task('t1', 0), task('t2', 500)])
  const crashes = engine.lines.filter((line) => line.kind === 'crash')
  expect(crashes).toMatchObject([{ task: 't1', agent: 'a-01', text: expect.stringContaining('no idea') }])
  expect(engine.ends).toHaveLength(2)
})

test('an answer that cannot be read gets an end all the same, and the agent its stop line', async () => {
  class Garbled extends VirtualEngine {
    override async answer(request: WireRequest, timeoutMs: number): Promise<RawAnswer> {
      const answer = await super.answer(request, timeoutMs)
      if (this.requests.length > 1) return answer
      return {
        ...answer,
        header: () => {
          throw new Error('no header to be had')
        },
      }
    }
  }
  const engine = await followed(each, [task('t1', 0), task('t2', 500)], undefined, new Garbled())
  expect(engine.ends).toMatchObject([
    { status: 0, transport: 'other', transportText: 'Error: no header to be had', endedAtMs: 10 },
    { status: 200, endedAtMs: 510 },
  ])
  expect(engine.nowMs()).toBeLessThan(5_100)
})

test('nothing is sent after the end of the plan, and answers under way are awaited', async () => {
  const forever = async (agent: Agent, { calls: [call] }: PlannedTask) => {
    for (;;) {
      if (call) await agent.call(call).catch(() => undefined)
    }
  }
  const engine = await followed(forever, [task('t1', 4_900)], () => ({ afterMs: 80 }))
  expect(engine.sends.map(({ sentAtMs }) => sentAtMs)).toEqual([4_900, 4_980])
  expect(engine.ends.map(({ endedAtMs }) => endedAtMs)).toEqual([4_980, 5_060])
})

test('a pause that reaches past the end of the plan does not hold it up', async () => {
  const engine = await followed((agent) => agent.think(60_000), [task('t1', 4_000)])
  expect(engine.nowMs()).toBeLessThan(5_100)
})

test('a call that its persona abandons still gets its end', async () => {
  const act = async (agent: Agent, { calls: [call] }: PlannedTask) => {
    if (call) void agent.call(call)
  }
  const engine = await followed(act, [task('t1', 0)], () => ({ afterMs: 700 }))
  expect(engine.ends).toMatchObject([{ endedAtMs: 700 }])
})

test('chance is the same wherever it is asked, and differs from attempt to attempt', async () => {
  const seen: number[] = []
  const act = async (agent: Agent, planned: PlannedTask) => {
    for (const attempt of [1, 2, 1]) seen.push(agent.chance(planned, 1, attempt))
  }
  await followed(act, [task('t1', 0)])
  expect(seen[0]).toBe(seen[2])
  expect(seen[0]).not.toBe(seen[1])
  for (const value of seen) expect(value >= 0 && value < 1).toBe(true)
})

test('a task of the last millisecond leaves, though its timer is late', async () => {
  class Late extends VirtualEngine {
    override async wait(ms: number): Promise<void> {
      await super.wait(ms <= 0 ? ms : ms + 2)
    }
  }
  const engine = await followed(each, [task('t1', 4_999)], undefined, new Late())
  expect(engine.sends.map(({ sentAtMs }) => sentAtMs)).toEqual([5_001])
  expect(engine.lines.at(-1)).toMatchObject({ kind: 'stop', tasksStarted: 1 })
})

test('no call is under way when the stop line is written, though one left in the last moment', async () => {
  const late = async (agent: Agent, { calls: [call] }: PlannedTask) => {
    if (!call) return
    await agent.call(call)
    await agent.call(call)
  }
  const engine = await followed(late, [task('t1', 4_990)], (position) => ({ afterMs: position === 0 ? 12 : 300 }))
  expect(engine.sends.map(({ sentAtMs }) => sentAtMs)).toEqual([4_990, 5_002])
  expect(engine.lines.at(-1)).toMatchObject({ kind: 'stop', atMs: 5_303 })
})

test('headers that are valid in turn take each other’s place at their moments', async () => {
  const tasks = [0, 900, 1_000, 2_500].map((atMs, n) => task(`t${n + 1}`, atMs))
  const later = [1_000, 2_000].map((fromMs) => ({ fromMs, headers: { authorization: `from ${fromMs}` } }))
  const engine = new VirtualEngine()
  await live(engine, each, tasks, { roles, headers: { authorization: 'first' }, later })
  expect(engine.requests.map(({ headers }) => headers.authorization)).toEqual(['first', 'first', 'from 1000', 'from 2000'])
})

test('an agent that a cap holds back sends evenly, also loops side by side, and nothing after the end', async () => {
  const loops = async (agent: Agent, { calls: [call] }: PlannedTask) => {
    const loop = async () => {
      for (;;) if (call) await agent.call(call)
    }
    await Promise.all([loop(), loop(), loop()])
  }
  const engine = new VirtualEngine()
  await live(engine, loops, [task('t1', 100)], { roles, perSecond: 4 })
  const sent = engine.sends.map(({ sentAtMs }) => sentAtMs)
  expect(sent).toEqual(Array.from({ length: 20 }, (_, n) => 100 + n * 250))
  expect(engine.lines.at(-1)).toMatchObject({ kind: 'stop', callsSent: 20 })
})
