// The example pipelines, held against what they call: a command, an option or a scenario that is renamed breaks them here and not in
// somebody's CI. Structure only, by their YAML; GitHub's is also linted by hand with actionlint when it is changed.
import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { SCENARIO_HELP } from '../harness/command/scenario/options.ts'
import { ROOT } from './fixtures/source-files.ts'

interface Step {
  uses?: string
  run?: string
  if?: string
}

interface GitHub {
  permissions: Record<string, string>
  jobs: Record<
    string,
    { needs?: string; permissions?: Record<string, string>; strategy?: { matrix: { scenario: string[] } }; steps: Step[] }
  >
}

interface GitLab {
  stampede: {
    parallel: { matrix: { SCENARIO: string[] }[] }
    cache: { paths: string[] }[]
    script: string[]
    after_script: string[]
    artifacts: { when: string; paths: string[]; reports: { junit: string } }
  }
}

const text = (file: string) => readFileSync(path.join(ROOT, file), 'utf8')
const github = parse(text('docs/github-workflow.yml')) as GitHub
const gitlab = (parse(text('docs/gitlab-ci.yml')) as GitLab).stampede
const steps = Object.values(github.jobs).flatMap((job) => job.steps)
const lines = [...steps.flatMap(({ run }) => (run === undefined ? [] : [run])), ...gitlab.script, ...gitlab.after_script]
const { scripts } = JSON.parse(text('package.json')) as { scripts: Record<string, string> }

describe('the example pipelines', () => {
  it('call commands that there are', () => {
    const called = lines.join('\n').matchAll(/npm run (?:--silent )?([a-z:]+)/g)
    const names = [...new Set([...called].map(([, name = '']) => name))]
    expect(names.sort()).toEqual(['explain', 'scenario'])
    for (const name of names) expect(scripts).toHaveProperty([name])
  })

  it('use options that there are', () => {
    const options = new Set([...lines.join('\n').matchAll(/(?<=set -- )(--[a-z-]+)/g)].map(([option]) => option))
    expect([...options]).toEqual(['--baseline'])
    for (const option of options) expect(SCENARIO_HELP).toContain(`${option} `)
  })

  it('run scenarios that there are, the same ones', () => {
    const scenarios = github.jobs.scenario?.strategy?.matrix.scenario ?? []
    expect(gitlab.parallel.matrix.flatMap(({ SCENARIO }) => SCENARIO)).toEqual(scenarios)
    for (const name of scenarios) expect(existsSync(path.join(ROOT, 'scenarios', `${name}.ts`))).toBe(true)
  })

  it('keep set-up between runs, and every report', () => {
    expect(text('docs/github-workflow.yml')).toContain('path: .tools')
    expect(gitlab.cache.flatMap(({ paths }) => paths)).toContain('.tools')
    expect(steps.find(({ uses }) => uses?.startsWith('actions/upload-artifact'))?.if).toBe('always()')
    expect(gitlab.artifacts).toMatchObject({
      when: 'always',
      paths: ['reports/$SCENARIO/'],
      reports: { junit: 'reports/$SCENARIO/2*/junit.xml' },
    })
  })

  it('may do no more than they need, and put nothing that comes from outside into a shell', () => {
    expect(github.permissions).toEqual({ contents: 'read' })
    expect(github.jobs.comment?.permissions).toEqual({ contents: 'read', 'pull-requests': 'write' })
    for (const { run } of steps) expect(run ?? '').not.toContain('${{')
    for (const { uses } of steps) expect(uses ?? 'actions/x@v1').toMatch(/^actions\/[\w/-]+@v\d+$/)
    for (const { needs } of Object.values(github.jobs)) expect(Object.keys(github.jobs)).toContain(needs ?? 'scenario')
  })
})
