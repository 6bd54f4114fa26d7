import { expect, test } from 'vitest'
import type { Plan, Settings } from '../plan/plan.ts'
import { type Target, target } from '../target.ts'
import { contextsOf } from './context.ts'

const several = (declared?: Target['declared']): Target =>
  target({
    url: ({ ports }) => `http://127.0.0.1:${ports.server}/mcp`,
    start: { command: 'x', ready: '/health' },
    ...(declared && { declared }),
  })

const contexts = (asked: Target, settings: Partial<Settings>) =>
  contextsOf({ plan: { agents: [], scale: 'quick', settings } as unknown as Plan, target: asked })

test('as many instances as the scenario asks for, each with ports of its own, behind a balancer', async () => {
  const { all, balancerPort, notes } = await contexts(several(), { instances: 3 })
  expect(all.map(({ instance, instances }) => [instance, instances])).toEqual([1, 2, 3].map((one) => [one, 3]))
  expect(new Set([balancerPort, ...all.flatMap(({ ports }) => [ports.server, ports.admin])]).size).toBe(7)
  expect(notes).toEqual([])
})

test('where they are asked for only if declared: a server that is one by design is one, and the run says so', async () => {
  const asked = { instancesIfDeclared: 2 }
  for (const declared of [undefined, { instances: 1 }, () => ({ poolMax: 4 })]) {
    const { all, balancerPort, notes } = await contexts(several(declared), asked)
    expect([all.length, balancerPort]).toEqual([1, undefined])
    expect(notes).toEqual([expect.stringMatching(/asks for 2 instances; there is one: .*declared: \{ instances: 2 \}/)])
  }
  for (const declared of [{ instances: 4 }, ({ instances }: { instances: number }) => ({ instances })])
    expect((await contexts(several(declared), asked)).all).toHaveLength(2)
})

test('a number that is none is told by its name', async () => {
  for (const name of ['instances', 'instancesIfDeclared'])
    await expect(contexts(several(), { [name]: 17 })).rejects.toMatchObject({
      code: 'SCENARIO_INVALID',
      message: `settings.${name} is 17`,
    })
})
