import { describe, expect, test } from 'vitest'
import { parse, parseAllDocuments } from 'yaml'
import { assertFits, CONFIG_MAP_BYTES_MAX, type FleetSpec, RUN_LABEL } from './fleet-spec.ts'
import { kustomization, objectsOf } from './manifests.ts'
import { type Yaml, yamlText } from './yaml.ts'

const SPEC: FleetSpec = {
  run: 'st-try',
  parallelism: 3,
  agents: 30,
  planHash: 'a'.repeat(64),
  drawWords: ['short', '--target', 'mine', '--seed', '1'],
  facts: '{"url":"http://mcp/mcp"}',
  bundle: "const said = 'two: words'\n\tlog(`#${said}`)\n",
  image: 'stampede:1',
  k6Image: 'grafana/k6:2.2.0',
  memoryMib: 600,
  ttlS: 900,
}
const TOKENS = { agents: '[{"headers":{"authorization":"Bearer s3cret"}}]', collector: 'c0llector' }
const objects = (files: Record<string, string>) =>
  Object.entries(files).flatMap(([name, text]) => (name === 'kustomization.yaml' ? [] : parseAllDocuments(text).map((one) => one.toJS())))

describe('YAML', () => {
  test.each<Yaml>([
    { a: 1, b: [true, 'x', { c: 'd', e: ['f', []] }], g: {}, h: 'yes', i: '1.5', j: '', k: 'a: b', l: '- x', m: '#', n: 'null' },
    { text: 'one\n  two\n\nthree\n', tail: 'a\nb', doubled: 'a\n\n', indented: ' a\nb', control: 'a\u0007\nb', emoji: 'é ü — ’' },
    [['a', 'b'], [{ c: [] }]],
    { 'stampede.run': 'x', '/': 'y', 'a b': 'z' },
  ])('%# is read back as it was', (value) => {
    expect(parse(yamlText(value, ['a heading', '']))).toEqual(value)
  })
})

describe('a kustomization', () => {
  test('is the same each time, and names the files that there are', () => {
    expect(kustomization(SPEC)).toEqual(kustomization(structuredClone(SPEC)))
    const files = kustomization(SPEC)
    expect(parse(files['kustomization.yaml'] ?? '').resources).toEqual(Object.keys(files).filter((name) => name !== 'kustomization.yaml'))
    expect(parse(files['configmap.yaml'] ?? '').data).toEqual({ 'facts.json': SPEC.facts, 'load.js': SPEC.bundle })
  })

  test('has no token in it unless asked for', () => {
    const without = JSON.stringify(kustomization(SPEC))
    expect(without).not.toMatch(/s3cret|c0llector/)
    expect(without).toContain('st-try-tokens')
    expect(kustomization(SPEC, TOKENS)['secret.yaml']).toContain('s3cret')
  })

  test('is removed by one label: every object, and what is made from them, carries it', () => {
    const all = objects(kustomization(SPEC, TOKENS))
    expect(all.map(({ kind }) => kind)).toEqual(['ServiceAccount', 'Role', 'ConfigMap', 'Secret', 'Job', 'Service', 'TestRun'])
    for (const { metadata } of all) expect(metadata.labels).toEqual({ [RUN_LABEL]: 'st-try' })
    const { spec } = all.find(({ kind }) => kind === 'TestRun')
    for (const pod of [spec.runner, spec.starter]) expect(pod.metadata.labels).toMatchObject({ [RUN_LABEL]: 'st-try' })
    expect(all.find(({ kind }) => kind === 'Job').spec.template.metadata.labels).toMatchObject({ [RUN_LABEL]: 'st-try' })
  })

  test('ends by itself: the collector has a deadline and a time to live, and owns the rest', () => {
    const job = objects(kustomization(SPEC)).find(({ kind }) => kind === 'Job')
    expect(job.spec).toMatchObject({ activeDeadlineSeconds: 900, ttlSecondsAfterFinished: 300 })
    for (const one of objectsOf(SPEC, TOKENS, { name: 'st-try-collector', uid: 'u1' }) as { metadata: { ownerReferences: unknown } }[])
      expect(one.metadata.ownerReferences).toEqual([{ apiVersion: 'batch/v1', kind: 'Job', name: 'st-try-collector', uid: 'u1' }])
  })

  test('pods have no rights: no token of a service account, no root, no privileges', () => {
    const [account, , , , job, , run] = objects(kustomization(SPEC, TOKENS))
    expect(account.automountServiceAccountToken).toBe(false)
    expect(job.spec.template.spec).toMatchObject({ automountServiceAccountToken: false, securityContext: { runAsNonRoot: true } })
    expect(run.spec.runner).toMatchObject({
      automountServiceAccountToken: 'false',
      securityContext: { runAsNonRoot: true },
      containerSecurityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
    })
  })

  test('the plan is drawn before the sidecar ships; both know the hash', () => {
    const { spec } = objects(kustomization(SPEC)).at(-1)
    const [plan, ship] = spec.runner.initContainers
    expect(plan.command).toEqual(['node', 'harness/cli.ts', 'draw', ...SPEC.drawWords])
    expect(plan.env).toContainEqual({ name: 'STAMPEDE_EXPECT', value: SPEC.planHash })
    expect(ship).toMatchObject({ restartPolicy: 'Always', command: ['node', 'harness/fleet/ship.ts'] })
    expect(ship.env).toContainEqual({ name: 'STAMPEDE_PLAN_HASH', value: SPEC.planHash })
    expect(spec.args).toContain('--console-output=/stampede/work/load.ndjson')
  })
})

test.each<[string, Partial<FleetSpec>, string, string]>([
  ['a program that is too large', { bundle: 'x'.repeat(CONFIG_MAP_BYTES_MAX) }, '', 'CONFIG_MAP_TOO_LARGE'],
  ['tokens that are too many', {}, 'x'.repeat(CONFIG_MAP_BYTES_MAX + 1), 'SECRET_TOO_LARGE'],
  ['more generators than agents', { parallelism: 31 }, '', 'BAD_OPTION'],
  ['a name that is none', { run: 'St_try' }, '', 'BAD_OPTION'],
])('%s is refused', (_, change, tokens, code) => {
  expect(() => assertFits(SPEC, '')).not.toThrow()
  expect(() => assertFits({ ...SPEC, ...change }, tokens)).toThrow(expect.objectContaining({ code }))
})
