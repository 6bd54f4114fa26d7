import { expect, test } from 'vitest'
import { check } from '../checks/check.ts'
import { type Unit, Units } from '../discover.ts'
import { type FaultDefinition, type FaultEntry, fault } from '../faults/fault.ts'
import { atQuick, choice, count, milliseconds, share } from '../parameters.ts'
import { type PersonaDefinition, persona } from '../persona.ts'
import { type Scenario, scenario } from '../scenario.ts'
import { type Target, target } from '../target.ts'
import { measuredArrivals } from './arrivals-measured.ts'
import { makePlan, type PlanOptions } from './make.ts'
import type { Arrivals, Plan, Priority } from './plan.ts'
import { planHash, planText } from './text.ts'

const walker = persona({
  summary: 'x',
  source: 'x',
  parameters: { everyMs: milliseconds(500, { from: 20, to: 10_000 }) },
  tasks: (draw, { everyMs }, span) =>
    draw.regular(span, everyMs).map((atMs) => ({
      atMs,
      calls: [
        { turn: 1, thinkMs: 0 },
        { turn: 2, thinkMs: draw.exponential(200) },
        { turn: 2, thinkMs: 0, same: true },
      ],
    })),
  act: () => Promise.resolve(),
})
const brute = persona({
  summary: 'x',
  source: 'x',
  hostile: true,
  parameters: { timeoutMs: milliseconds(9_000), vary: choice(['same', 'arguments'], 'same') },
  tasks: (_draw, _parameters, span) => [{ atMs: span.fromMs, untilMs: span.toMs, calls: [{ turn: 1, thinkMs: 0 }] }],
  act: () => Promise.resolve(),
})
const one = [{ turn: 1, thinkMs: 0 }]
const quiet = { summary: 'x', source: 'x', act: () => Promise.resolve() }
const arriving = persona({
  ...quiet,
  parameters: { everyMs: atQuick(milliseconds(2_000), 500) },
  tasks: (draw, { everyMs }, span) => draw.arrivals(span, everyMs, 'poisson').map((atMs) => ({ atMs, calls: one })),
})
const backwards = persona({ ...quiet, parameters: {}, tasks: () => [{ atMs: 0, calls: [{ turn: 1, thinkMs: -5 }] }] })
const thief = persona({
  ...quiet,
  shows: () => ['expired'],
  parameters: {},
  tasks: () => [{ atMs: 0, calls: [{ turn: 1, thinkMs: 0, credential: 'expired' }] }],
})
const walks = persona({ ...quiet, walks: true, parameters: {}, tasks: () => [{ atMs: 0, calls: one }] })
const errs = persona({ ...quiet, errs: true, parameters: {}, tasks: () => [{ atMs: 0, calls: [{ turn: 1, thinkMs: 0, mistaken: true }] }] })
const latency = fault({
  summary: 'x',
  source: 'x',
  dependency: 'postgres',
  needs: ['link'],
  faithful: 'x',
  parameters: { delayMs: milliseconds(300), seed: count(0, { from: 0, to: 1_000_000 }) },
  inject: () => Promise.reject(new Error('not in a plan')),
})
const even = check({
  code: 'A0',
  title: 'x',
  why: 'x',
  remedy: { control: 'x', do: 'x' },
  source: 'x',
  sort: 'exact',
  needs: [],
  limits: { goodShare: share(0.95) },
  judge: () => ({ status: 'pass', samples: 1, says: 'x' }),
})

const unit = <T>(id: string, value: T): Unit<T> => ({ id, path: `${id}.ts`, exportName: 'default', value })
const length = { warmUpS: 1, steadyS: 2, stressS: 2, recoveryS: 1 }

const base = {
  story: 'x',
  source: 'x',
  phases: { quick: length, full: { ...length, stressS: 20 } },
  fleet: [walker({ agents: 3, role: 'write' }), brute({ agents: 1, role: 'cheapRead', during: 'stress' })],
  windows: [
    { id: 'first', faults: [latency({ delayMs: 120 })] },
    { id: 'second', faults: [] as FaultEntry[] },
  ],
  checks: [even({ goodShare: 0.9 })],
  essential: ['even'],
}
const against = target({
  url: 'http://127.0.0.1:1/mcp',
  agents: { count: 8, tenant: (index) => `t${index % 2}` },
  tools: {
    cheapRead: { name: 'list', arguments: (draw) => ({ page: draw.int(1, 50) }), deadlineMs: 2_000, needs: ['postgres:orders'] },
    write: {
      name: 'make',
      arguments: (draw) => ({ title: draw.word(), when: new Date(0), nothing: undefined }),
      idempotencyKey: { argument: 'id' },
      sloMs: 700,
    },
  },
})

function plan(changes: Partial<Omit<Scenario, 'kind'>> = {}, to: Target = against, options: Partial<PlanOptions> = {}): Plan {
  return makePlan({
    scenario: unit('made-up', scenario({ ...base, ...changes })),
    target: unit('here', to),
    personas: new Units<PersonaDefinition>('persona', [
      unit('walker', walker.definition as unknown as PersonaDefinition),
      unit('brute', brute.definition as unknown as PersonaDefinition),
      ...Object.entries({ arriving, backwards, errs, thief, walks }).map(([id, { definition }]) =>
        unit(id, definition as unknown as PersonaDefinition),
      ),
    ]),
    faults: new Units<FaultDefinition>('fault', [unit('latency', latency.definition as unknown as FaultDefinition)]),
    checks: new Units('check', [unit('even', even.definition)]) as unknown as PlanOptions['checks'],
    seed: 42,
    scale: 'quick',
    protocol: '2026-07-28',
    ...options,
  })
}

test('same seed, same bytes; another seed, other bytes', () => {
  expect(planText(plan())).toBe(planText(plan()))
  const hashes = [1, 2, 3, 4, 5].map((seed) => planHash(planText(plan({}, against, { seed }))))
  expect(new Set(hashes).size).toBe(5)
})

test('this plan has this hash, on every machine', () => {
  expect(planHash(planText(plan()))).toBe('4ba01e25346ba56387dcb41ff0e08ae67a2199fef99e6429447682a5cd78718b')
})

test('phases follow each other, a stress and a recovery for each window', () => {
  expect(plan().phases.map(({ name, window, fromMs, toMs }) => [name, window, fromMs, toMs])).toEqual([
    ['warm-up', undefined, 0, 1_000],
    ['steady', undefined, 1_000, 3_000],
    ['stress', 'first', 3_000, 5_000],
    ['recovery', 'first', 5_000, 6_000],
    ['stress', 'second', 6_000, 8_000],
    ['recovery', 'second', 8_000, 9_000],
  ])
  expect(plan().endsAtMs).toBe(9_000)
})

test('a window may have lengths of its own, scale by scale', () => {
  const windows = [
    { id: 'first', faults: [], lengths: { quick: { stressS: 4 }, full: { recoveryS: 7 } } },
    { id: 'second', faults: [] },
  ]
  const lengthsOf = (scale: 'quick' | 'full') => plan({ windows }, against, { scale }).phases.map(({ fromMs, toMs }) => toMs - fromMs)
  expect(lengthsOf('quick')).toEqual([1_000, 2_000, 4_000, 1_000, 2_000, 1_000])
  expect(lengthsOf('full')).toEqual([1_000, 2_000, 20_000, 7_000, 20_000, 1_000])
})

test('a fault lasts as long as the stress of its window, with a drawn seed unless one was given', () => {
  const [drawn] = plan().faults
  expect(drawn).toMatchObject({ window: 'first', fault: 'latency', injectAtMs: 3_000, healAtMs: 5_000, parameters: { delayMs: 120 } })
  expect(plan().faults[0]?.parameters.seed).toBe(drawn?.parameters.seed)
  expect(plan({}, against, { seed: 43 }).faults[0]?.parameters.seed).not.toBe(drawn?.parameters.seed)
  const given = plan({ windows: [{ id: 'only', faults: [latency({ seed: 5 })] }] })
  expect(given.faults[0]?.parameters).toEqual({ delayMs: 300, seed: 5 })
})

test('agents are named in the order of the fleet; their position is their index; the tenant is the target’s', () => {
  const { agents } = plan()
  expect(agents.map(({ agent, index, tenant, hostile }) => [agent, index, tenant, hostile])).toEqual([
    ['walker-01', 0, 't0', false],
    ['walker-02', 1, 't1', false],
    ['walker-03', 2, 't0', false],
    ['brute-01', 3, 't1', true],
  ])
})

test('who wants a tenant gets it, and positions stay indexes', () => {
  const fleet = [walker({ agents: 2, role: 'write' }), brute({ agents: 2, role: 'cheapRead', tenant: 't0' })]
  const { agents } = plan({ fleet })
  expect(agents.map(({ agent, index, tenant }) => [agent, index, tenant])).toEqual([
    ['brute-01', 0, 't0'],
    ['walker-01', 1, 't1'],
    ['brute-02', 2, 't0'],
    ['walker-02', 3, 't1'],
  ])
  expect(() =>
    plan({ fleet: [brute({ agents: 2, role: 'cheapRead', tenant: 't0' }), brute({ agents: 1, role: 'cheapRead', tenant: 't9' })] }),
  ).toThrow(expect.objectContaining({ code: 'TENANT_MISSING' }))
})

test('who wants a priority gets an agent that has it; of a target that gives none, any', () => {
  const fleet = [walker({ agents: 1, role: 'write' }), brute({ agents: 1, role: 'cheapRead', priority: 'batch' })]
  const giving = (priority: (index: number) => Priority): Target => ({ ...against, agents: { ...against.agents, priority } })
  const { agents } = plan(
    { fleet },
    giving((index) => (index === 0 ? 'batch' : 'critical')),
  )
  expect(agents.map(({ agent, priority }) => [agent, priority])).toEqual([
    ['brute-01', 'batch'],
    ['walker-01', undefined],
  ])
  expect(plan({ fleet }).agents.map(({ priority }) => priority)).toEqual([undefined, undefined])
  expect(() =>
    plan(
      { fleet },
      giving(() => 'critical'),
    ),
  ).toThrow(expect.objectContaining({ code: 'PRIORITY_MISSING' }))
})

test('`during` limits tasks to those phases, in every window', () => {
  const tasks = plan().agents[3]?.tasks
  expect(tasks?.map(({ task, atMs, untilMs }) => [task, atMs, untilMs])).toEqual([
    ['t1', 3_000, 5_000],
    ['t2', 6_000, 8_000],
  ])
})

test('`window` limits them to one window; a window that is not there is refused', () => {
  const fleet = [brute({ agents: 1, role: 'cheapRead', during: 'stress', window: 'second' })]
  expect(plan({ fleet }).agents[0]?.tasks.map(({ atMs }) => atMs)).toEqual([6_000])
  expect(() => plan({ fleet: [brute({ agents: 1, role: 'cheapRead', window: 'third' })] })).toThrow(/"third".*no such phase/)
})

test('an agent more shifts nothing of the others', () => {
  const fewer = plan()
  const more = plan({ fleet: [walker({ agents: 4, role: 'write' }), brute({ agents: 1, role: 'cheapRead', during: 'stress' })] })
  for (const { agent, tasks } of fewer.agents) expect(more.agents.find((other) => other.agent === agent)?.tasks).toEqual(tasks)
})

test('arguments are plain data, drawn for each call, the same where the sketch says so; keys are unique', () => {
  const { agents } = plan()
  const calls = agents.flatMap(({ tasks }) => tasks).flatMap((task) => task.calls)
  const [first, second, third] = agents[0]?.tasks[0]?.calls ?? []
  expect(first?.arguments).toEqual({ title: expect.any(String), when: '1970-01-01T00:00:00.000Z' })
  expect(third?.arguments).toEqual(first?.arguments)
  expect([first?.key, second?.key, third?.key]).toEqual(['walker-01-t1-1-1', 'walker-01-t1-2-1', 'walker-01-t1-2-2'])
  const keys = calls.flatMap(({ key }) => key ?? [])
  expect(new Set(keys).size).toBe(keys.length)
  expect(calls.filter(({ role }) => role === 'cheapRead').every((call) => call.key === undefined)).toBe(true)
})

test('tenants use the same key, and the same arguments, for every so many tasks; nobody else does', () => {
  const of = (sharedKeyEvery?: number) =>
    plan({ fleet: [walker({ agents: 5, role: 'write', ...(sharedKeyEvery !== undefined && { sharedKeyEvery }) })] })
  const { agents, sharedKeys = {} } = of(3)
  const [first, second, third, fourth, last] = agents.map(({ tasks }) => tasks)
  const asked = (task = first?.[0]) => task?.calls.map(({ key, arguments: given }) => [key, given])
  expect(agents.map(({ tenant }) => tenant)).toEqual(['t0', 't1', 't0', 't1', 't0'])
  expect(asked(second?.[2])).toEqual(asked(first?.[2]))
  expect(asked(fourth?.[2])).toEqual(asked(third?.[2]))
  expect(second?.[2]?.calls[0]?.key).toBe('walker-01-t3-1-1')
  expect(last?.[2]?.calls[0]?.key).toBe('walker-05-t3-1-1')
  // By how many tenants, all of them and no others.
  const tenants = new Map<string, Set<string>>()
  for (const { tenant, tasks } of agents)
    for (const { key = '' } of tasks.flatMap(({ calls }) => calls)) tenants.set(key, (tenants.get(key) ?? new Set()).add(tenant))
  const common = [...tenants].filter(([, users]) => users.size > 1).map(([key, users]) => [key, users.size])
  expect(sharedKeys).toEqual(Object.fromEntries(common))
  expect(common.length).toBeGreaterThan(6)
  // Everything else is drawn as without.
  const own = of().agents.map(({ tasks }) => tasks)
  expect(own.map((tasks) => tasks.map(({ atMs }) => atMs))).toEqual(agents.map(({ tasks }) => tasks.map(({ atMs }) => atMs)))
  expect(own[1]?.toSpliced(2, 1)[2]).toEqual(second?.toSpliced(2, 1)[2])
  expect(of().sharedKeys).toBeUndefined()
  expect(() => of(0)).toThrow(expect.objectContaining({ code: 'SCENARIO_INVALID', message: expect.stringContaining('make.test.ts') }))
})

test('who is asked for only where the target has a tool for them is left out elsewhere, and told', () => {
  const of = (ifOffered?: true) =>
    plan({ fleet: [walker({ agents: 2, role: 'cheapRead' }), walker({ agents: 1, role: 'slow', ...(ifOffered && { ifOffered }) })] })
  expect(of).toThrow(expect.objectContaining({ code: 'ROLE_MISSING' }))
  const left = of(true)
  expect([left.leftOut, left.agents.length, Object.keys(left.roles)]).toEqual([
    [expect.stringMatching(/^nobody called slow: /)],
    2,
    ['cheapRead'],
  ])
  const offered = plan({ fleet: [walker({ agents: 2, role: 'cheapRead', ifOffered: true })] })
  expect([offered.leftOut, offered.agents.length]).toEqual([undefined, 2])
})

test('who errs, or shows a credential, is left out too where the target names no mistakes, or mints none', () => {
  const least = walker({ agents: 2, role: 'cheapRead' })
  const mistakes = () => ({ page: 'none' })
  const expired = () => ({ authorization: 'Bearer old' })
  const full = target({
    url: 'http://x',
    tools: { cheapRead: { name: 'list', mistakes }, write: { name: 'add' } },
    agents: { credentials: { expired } },
  })
  const erring = { agents: 1, role: 'cheapRead' } as const
  const stealing = { agents: 1, role: 'write' } as const
  const poor = plan({ fleet: [least, errs({ ...erring, ifOffered: true }), thief({ ...stealing, ifOffered: true })] })
  expect(poor.agents).toHaveLength(2)
  expect(poor.leftOut).toEqual([
    expect.stringMatching(/^nobody erred with cheapRead: .*mistakes: \(draw\)/),
    expect.stringMatching(/^nobody tried expired: .*'expired': \(identity\)/),
  ])
  const whole = plan({ fleet: [least, errs({ ...erring, ifOffered: true }), thief({ ...stealing, ifOffered: true })] }, full)
  expect([whole.leftOut, whole.agents.length]).toEqual([undefined, 4])
  expect(() => plan({ fleet: [errs(erring)] })).toThrow(expect.objectContaining({ code: 'MISTAKES_MISSING' }))
  expect(() => plan({ fleet: [thief(stealing)] })).toThrow(expect.objectContaining({ code: 'CREDENTIAL_MISSING' }))
})

test('a target with one tenant has no keys in common', () => {
  const { tools } = against
  const one = plan(
    { fleet: [walker({ agents: 3, role: 'write', sharedKeyEvery: 1 })] },
    target({ url: 'http://x', ...(tools && { tools }) }),
  )
  const keys = one.agents.flatMap(({ tasks }) => tasks.flatMap(({ calls }) => calls.flatMap(({ key }) => key ?? [])))
  expect(new Set(keys).size).toBe(keys.length)
  expect(one.sharedKeys).toEqual({})
})

test('roles carry what the target says, and defaults for what it does not', () => {
  // An answer without content counts as good for nobody, unless the target says that there is none to expect.
  const notEmpty = [{ at: '/content/0/type', or: '/structuredContent' }]
  expect(plan().roles).toEqual({
    write: { tool: 'make', sloMs: 700, needs: [], correct: notEmpty, idempotencyKey: { argument: 'id' } },
    cheapRead: { tool: 'list', sloMs: 1_000, deadlineMs: 2_000, needs: ['postgres:orders'], correct: notEmpty },
  })
})

test('patience reaches past every deadline and every timeout', () => {
  expect(plan().patienceMs).toBe(9_000)
  const fleet = [walker({ agents: 1, role: 'cheapRead' })]
  expect(plan({ fleet }).patienceMs).toBe(6_000)
  const slow = target({ url: 'http://x', tools: { cheapRead: { name: 'list', deadlineMs: 8_000 } } })
  expect(plan({ fleet }, slow).patienceMs).toBe(10_000)
})

test('checks carry their resolved limits', () => {
  expect(plan().checks).toEqual([{ check: 'even', limits: { goodShare: 0.9 } }])
})

test('a missing role is named, with who asks for it and the line to add', () => {
  const bare = target({ url: 'http://x', tools: { cheapRead: { name: 'list' } } })
  expect(() => plan({}, bare)).toThrow(
    expect.objectContaining({
      code: 'ROLE_MISSING',
      message: expect.stringMatching(/here .*write \(asked for by walker, .*make\.test\.ts:\d+\)/),
      hint: "add to the target: tools: { write: { name: '<your tool>' } }",
    }),
  )
})

test('bad values are refused with what to change', () => {
  const few = target({ ...against, agents: { count: 3 } })
  expect(() => plan({}, few)).toThrow(expect.objectContaining({ code: 'AGENTS_TOO_FEW', hint: expect.stringContaining('count: 4') }))
  expect(() => plan({ essential: ['evne'] })).toThrow(expect.objectContaining({ code: 'SCENARIO_INVALID', hint: 'did you mean even?' }))
  expect(() => plan({ windows: [] })).toThrow(expect.objectContaining({ code: 'SCENARIO_INVALID' }))
  const bad = walker({ agents: 1, role: 'write', everyMs: 5 })
  expect(() => plan({ fleet: [bad] })).toThrow(
    expect.objectContaining({
      code: 'PARAMETER_INVALID',
      message: expect.stringMatching(/^persona walker: everyMs is 5 \(.*make\.test\.ts:\d+\)$/),
    }),
  )
  const list = target({
    ...against,
    tools: { ...against.tools, write: { name: 'make', arguments: () => [] as unknown as Record<string, unknown> } },
  })
  expect(() => plan({}, list)).toThrow(expect.objectContaining({ code: 'ARGUMENTS_INVALID' }))
})

test.each<[string, () => Parameters<typeof plan>, string, RegExp]>([
  ['no agents', () => [{ fleet: [walker({ agents: 0, role: 'write' })] }], 'SCENARIO_INVALID', /with 0 agents/],
  ['half an agent', () => [{ fleet: [walker({ agents: 1.5, role: 'write' })] }], 'SCENARIO_INVALID', /with 1\.5 agents/],
  ['a time before the start', () => [{ fleet: [backwards({ agents: 1, role: 'write' })] }], 'SCENARIO_INVALID', /a time of -5 ms/],
  [
    'a burst under the clock',
    () => [{ fleet: [arriving({ agents: 1, role: 'write', arrivals: { kind: 'bursts', dispersion: 2, burstMs: 0.2 } })] }],
    'ARRIVALS_INVALID',
    /under the clock's resolution/,
  ],
  ['credentials that nobody mints', () => [{ fleet: [thief({ agents: 1, role: 'write' })] }], 'CREDENTIAL_MISSING', /that is expired/],
])('%s: refused, with the line of the scenario', (_, changes, code, message) => {
  expect(() => plan(...changes())).toThrow(
    expect.objectContaining({ code, message: expect.stringMatching(new RegExp(`${message.source}.*make\\.test\\.ts:\\d+\\)$`)) }),
  )
})

test('a persona that walks needs a role that says where answers lead', () => {
  const fleet = [walks({ agents: 1, role: 'cheapRead' })]
  expect(() => plan({ fleet })).toThrow(expect.objectContaining({ code: 'TARGET_INVALID', hint: expect.stringContaining('leadsTo') }))
  const leadsTo = [{ at: '/structuredContent/folders', argument: 'path' }]
  const leading = target({ ...against, tools: { cheapRead: { name: 'list', leadsTo } } })
  expect(plan({ fleet }, leading).roles.cheapRead).toMatchObject({ leadsTo })
})

test('arrivals of an entry are drawn for all its agents, and dealt to them', () => {
  const fleet = [arriving({ agents: 4, role: 'write', everyMs: 1_000, arrivals: { kind: 'salvos', size: 4 } })]
  const { agents } = plan({ fleet })
  expect(agents.map(({ tasks }) => tasks.map(({ atMs }) => atMs))).toEqual(new Array(4).fill(agents[0]?.tasks.map(({ atMs }) => atMs)))
  expect(agents[0]?.arrivals).toEqual({ kind: 'salvos', dispersion: 0 })
  expect(agents[0]?.tasks.length).toBeGreaterThan(7)
})

test('defaults of the scale, unless the scenario gives its own', () => {
  const thinks = (scale: 'quick' | 'full', own = {}) =>
    plan({ fleet: [arriving({ agents: 1, role: 'write', ...own })] }, against, { scale }).agents[0]?.parameters.everyMs
  expect([thinks('quick'), thinks('full'), thinks('quick', { everyMs: 700 })]).toEqual([500, 2_000, 700])
})

test('over a full-scale plan, arrivals are as bursty as was asked, within a fifth', () => {
  const full = { warmUpS: 15, steadyS: 60, stressS: 60, recoveryS: 60 }
  const shapes: Arrivals[] = [
    { kind: 'poisson' },
    { kind: 'bursts', dispersion: 6 },
    { kind: 'heavy-tailed', dispersion: 3 },
    { kind: 'salvos', size: 20 },
  ]
  const fleet = shapes.map((arrivals, n) => arriving({ agents: 20, role: 'write', everyMs: 2_000 + n, arrivals }))
  for (const seed of [1, 2, 3, 4, 5]) {
    const windows = [{ id: 'only', faults: [] }]
    const drawn = plan({ fleet, windows, phases: { quick: full, full } }, { ...against, agents: {} }, { seed, scale: 'full' })
    for (const { asked, dispersion = Number.NaN } of measuredArrivals(drawn).groups)
      expect(Math.abs(dispersion / (asked?.dispersion ?? Number.NaN) - 1), `${asked?.kind}, seed ${seed}`).toBeLessThan(0.2)
  }
})
