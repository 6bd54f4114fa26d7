import { expect, test } from 'vitest'
import { Caller } from './caller.ts'
import type { Engine } from './engine.ts'
import type { Outgoing } from './task-client.ts'

test('calls that wait for their turn each keep their own id and trace', async () => {
  const sent: { headers: Record<string, string>; body: string }[] = []
  let nowMs = 0
  const engine: Engine = {
    nowMs: () => nowMs,
    wait: async (ms) => {
      nowMs += Math.max(0, ms)
    },
    post: async ({ headers, body }, _timeoutMs, _keepMs, read) => {
      sent.push({ headers: { ...headers }, body })
      return read({ status: 200, header: () => undefined, body: '' })
    },
    write: () => undefined,
  }
  const roles = { cheapRead: { tool: 'look', sloMs: 500, needs: [], correct: [] } }
  const protocol = '2026-07-28' as const
  const facts = { run: 'r', seed: 1, t0Ms: 0, protocol, roles, endsAtMs: 60_000, patienceMs: 1_000, headers: {}, perSecond: 10 }
  const caller = new Caller({ agent: 'a-01' }, facts, engine)
  const call = { turn: 1, role: 'cheapRead' as const, arguments: {}, thinkMs: 0 }
  const out = (n: number): Outgoing => ({
    ...{ seq: 0, call: `r-a-01-t1-${n}`, agent: 'a-01', task: 't1', turn: 1, attempt: 1, role: 'cheapRead', tool: 'look' },
    ...{ plannedAtMs: 0, sentAtMs: 0, timeoutMs: 1_000, trace: '0'.repeat(32), span: `000000000000000${n}`, session: undefined },
  })
  await Promise.all([1, 2, 3].map((n) => caller.send(out(n), call, () => undefined)))
  const ids = sent.map(({ body }) => (JSON.parse(body) as { id: string }).id)
  expect(ids.toSorted()).toEqual(['r-a-01-t1-1', 'r-a-01-t1-2', 'r-a-01-t1-3'])
  expect(sent.map(({ headers }) => headers['X-Request-Id'])).toEqual(ids)
  for (const { headers, body } of sent) expect(body).toContain(headers.traceparent)
})
