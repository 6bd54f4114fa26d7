// The conventions that no compiler checks (docs/architecture.md, "Conventions"). Sizes, skipped tests, floating promises and
// import cycles are biome.json's.
import { existsSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { COMMANDS, shownNames } from '../harness/command/commands.ts'
import { BORDERS, crossing, importsOf } from './fixtures/borders.ts'
import { filesUnder, isSource, ROOT, textOf } from './fixtures/source-files.ts'

const CODE = ['harness', 'reference-server', 'scenarios', 'tests', 'benchmarks', 'tools']
const code = CODE.flatMap(filesUnder)
const sources = code.filter(isSource)
const programs = sources.filter((file) => /^(harness|reference-server|scenarios)\//.test(file))
const tests = code.filter((file) => file.endsWith('.test.ts'))

/** Folders whose files are units, and what shows each to work when it has no test beside it. */
const UNIT_FOLDERS: Record<string, { suite?: string /** Fewer where the unit's own fields tell the story. */; openingMin?: number }> = {
  'scenarios/': { suite: 'tests/matrix.integration.test.ts' },
  'scenarios/personas/': {},
  'scenarios/personas/presets/': { suite: 'scenarios/personas/presets/presets.test.ts' },
  'scenarios/targets/': { suite: 'tests/matrix.integration.test.ts' },
  'harness/faults/': { suite: 'harness/faults/faults.integration.test.ts' },
  'harness/samplers/': { suite: 'harness/samplers/samplers.integration.test.ts' },
  'harness/checks/': {},
  'harness/report/charts/': { suite: 'harness/report/charts/charts.test.ts', openingMin: 2 },
  'reference-server/controls/': { suite: 'reference-server/server.integration.test.ts' },
  'reference-server/tools/': { suite: 'reference-server/server.integration.test.ts', openingMin: 1 },
  'reference-server/weaknesses/': { suite: 'tests/matrix.integration.test.ts', openingMin: 1 },
}

/** A unit file calls its kind's constructor, or is a factory of one; interface and supporting files do not. */
const units = sources.filter((file) => {
  const folder = `${path.posix.dirname(file)}/`
  return (
    folder in UNIT_FOLDERS &&
    /\b(scenario|persona|preset|target|fault|sampler|check|chart|control|tool|weakness)(<[^>]*>)?\(/.test(textOf(file)) &&
    !textOf(file).includes(`  kind: '${path.posix.basename(file, '.ts')}'`)
  )
})

test('names are kebab-case nouns', () => {
  const name = /^([a-z0-9]+(-[a-z0-9]+)*(\.[a-z0-9]+)*|Dockerfile|README\.md)$/
  const empty = /\b(utils?|common|helpers?|managers?|misc|index)\b/
  expect(code.filter((file) => !name.test(path.posix.basename(file)) || empty.test(path.posix.basename(file)))).toEqual([])
})

describe('borders', () => {
  test('every import of the programs stays within its row of the table', () => {
    const crossed = programs.flatMap((file) =>
      importsOf(textOf(file))
        .flatMap((found) => crossing(file, found) ?? [])
        .map((why) => `${file}: ${why}`),
    )
    expect(crossed).toEqual([])
  })

  test('tests beside units keep to their own program', () => {
    const crossed = tests
      .filter((file) => !file.startsWith('tests/'))
      .filter((file) => {
        const other = file.startsWith('reference-server/') ? 'harness/' : 'reference-server/'
        return importsOf(textOf(file)).some(({ specifier }) => path.posix.join(path.posix.dirname(file), specifier).startsWith(other))
      })
    expect(crossed).toEqual([])
  })

  test('a crossing is noticed', () => {
    expect(crossing('harness/checks/x.ts', { specifier: '../run/run.ts', typeOnly: true })).toContain('harness/run/run.ts')
    expect(crossing('harness/checks/x.ts', { specifier: 'node:fs', typeOnly: false })).toContain('node:fs')
    expect(crossing('harness/persona.ts', { specifier: './plan/plan.ts', typeOnly: false })).toContain('but for its types')
    expect(crossing('harness/persona.ts', { specifier: './plan/plan.ts', typeOnly: true })).toBeUndefined()
    expect(crossing('reference-server/x.ts', { specifier: '../harness/errors.ts', typeOnly: false })).toContain('harness/errors.ts')
    expect(crossing('elsewhere/x.ts', { specifier: './y.ts', typeOnly: false })).toContain('no row')
    const text = `import a, {\n  b,\n} from './a.ts'\nimport type { C } from 'c'\nimport './d.ts'\nexport { e } from './e.ts'\nawait import('./f.ts')\n`
    expect(importsOf(text)).toEqual([
      { specifier: './a.ts', typeOnly: false },
      { specifier: 'c', typeOnly: true },
      { specifier: './d.ts', typeOnly: false },
      { specifier: './e.ts', typeOnly: false },
      { specifier: './f.ts', typeOnly: false },
    ])
  })

  test('every row of the table is about something', () => {
    expect(BORDERS.filter(({ from }) => !existsSync(path.join(ROOT, from)))).toEqual([])
  })
})

describe('units', () => {
  test('are there', () => {
    for (const folder of Object.keys(UNIT_FOLDERS))
      expect(
        units.filter((file) => path.posix.dirname(file) === folder.slice(0, -1)),
        folder,
      ).not.toEqual([])
  })

  test('open with what they do, in a few lines', () => {
    const lengths = units.map((file) => {
      const lines = textOf(file).split('\n')
      const atLeast = UNIT_FOLDERS[`${path.posix.dirname(file)}/`]?.openingMin ?? 3
      return { file, atLeast, length: lines.findIndex((line) => !line.startsWith('//')) }
    })
    expect(lengths.filter(({ length, atLeast }) => length < atLeast || length > 12)).toEqual([])
  })

  test('have a test beside them, or a suite that covers all of their kind', () => {
    const without = units.filter((file) => {
      const suite = UNIT_FOLDERS[`${path.posix.dirname(file)}/`]?.suite
      const places = [file.replace(/\.ts$/, '.test.ts'), file.replace(/\.ts$/, '.integration.test.ts'), ...(suite ? [suite] : [])]
      return !places.some((place) => existsSync(path.join(ROOT, place)))
    })
    expect(without).toEqual([])
  })
})

test('what a file gives away, another one takes', () => {
  // Clause by clause: what stands between an export and some later "from" is no import.
  const clause = /^(?:import|export)\s+(?:type\s+)?(?:\w+,?\s*)?(?:\{[^}]*\}|\*(?:\s+as\s+\w+)?)?\s*from\s+'/gm
  const clauses = code.flatMap((file) => textOf(file).match(clause) ?? [])
  const taken = new Set(clauses.join(' ').match(/\w+/g))
  // Taken by path: units, what is imported when it is wanted, and what k6 reads. A type may only stand in what another file calls.
  const whole = new Set([...units, 'harness/load/k6/entry.ts'])
  for (const file of code)
    for (const [, to = ''] of textOf(file).matchAll(/\bimport\('([^']+)'\)/g)) whole.add(path.posix.join(path.posix.dirname(file), to))
  const unused = programs
    .filter((file) => !whole.has(file))
    .flatMap((file) =>
      [...textOf(file).matchAll(/^export (?:async )?(?:function\*?|class|const) (\w+)/gm)].flatMap(([, name = '']) =>
        taken.has(name) ? [] : [`${file}: ${name}`],
      ),
    )
  expect(unused).toEqual([])
})

describe('tests', () => {
  const offending = (pattern: RegExp) => tests.filter((file) => pattern.test(withoutStrings(textOf(file))))

  test('run whole', () => {
    expect(offending(/\b(it|test|describe)\.(skip|only|todo|skipIf|runIf)\b/)).toEqual([])
  })

  test('wait on events, never by the clock', () => {
    expect(offending(/setTimeout\(\s*(r|res|resolve|done)\b|\bsleep\(\s*\d/)).toEqual([])
  })
})

describe('text', () => {
  const published = [
    ...code,
    ...filesUnder('docs'),
    ...filesUnder('.ci'),
    'README.md',
    'CONTRIBUTING.md',
    'CHANGELOG.md',
    'package.json',
    'setup.mjs',
    'docker-compose.yml',
  ]
  const patterns: [string, RegExp][] = [
    ['a path of one machine', /(?<![\w.])\/(work|root|home\/\w+|Users\/\w+)\//],
    ['a package registry', /registry\.npmjs|proxy\.golang\.org|pypi\.org/],
  ]

  test.each(patterns)('nothing names %s', (_, pattern) => {
    const itself = 'tests/tidy.test.ts'
    expect(published.filter((file) => file !== itself && pattern.test(textOf(file)))).toEqual([])
  })

  test('k6 never sends an Idempotency-Key header: its client would send the call again by itself after a reset', () => {
    const written = filesUnder('harness/load').filter(
      (file) => isSource(file) && /['"`](x-)?idempotency-key['"`]/i.test(withoutComments(textOf(file))),
    )
    expect(written).toEqual([])
  })

  test('every dependency has its reason', () => {
    const { dependencies, devDependencies } = JSON.parse(textOf('package.json')) as Record<string, Record<string, string>>
    const reasons = textOf('docs/decisions/dependencies.md')
    const without = Object.keys({ ...dependencies, ...devDependencies }).filter((name) => !reasons.includes(`\`${name}\``))
    expect(without).toEqual([])
  })

  const pages = [
    ...['README.md', 'CONTRIBUTING.md', 'CHANGELOG.md', 'reports/README.md'],
    ...['docs', 'reference-server'].flatMap(filesUnder).filter((file) => file.endsWith('.md')),
  ]

  test('every command that a page names is there', () => {
    const { scripts } = JSON.parse(textOf('package.json')) as { scripts: Record<string, string> }
    const unknown = pages.flatMap((page) =>
      [...textOf(page).matchAll(/npm run ([\w:-]+)/g)].flatMap(([said, name = '']) => (name in scripts ? [] : [`${page}: ${said}`])),
    )
    expect(unknown).toEqual([])
  })

  test('every long test that a page names is there', () => {
    const parts = filesUnder('tests/long').map((file) => path.posix.basename(file, '.ts'))
    const gone = pages.flatMap((page) =>
      [...textOf(page).matchAll(/npm run test:long -- (\w[\w-]*)/g)].flatMap(([said, part = '']) =>
        parts.includes(part) ? [] : [`${page}: ${said}`],
      ),
    )
    expect(gone).toEqual([])
  })

  test('every command of the general help is a script, but for what shells alone can use', () => {
    const { scripts } = JSON.parse(textOf('package.json')) as { scripts: Record<string, string> }
    expect(shownNames().filter((name) => !(name in scripts))).toEqual(['completion'])
  })

  test('every option that a page names for a command is told by its help', async () => {
    const named = pages.flatMap((page) =>
      [...textOf(page).matchAll(/(?:npm run|npx mcp-stampede) ([a-z]+)\b([^`\n]*)/g)].flatMap(([, command = '', rest = '']) =>
        [...rest.matchAll(/(?<= )--[a-z][\w-]*/g)].map(([option]) => ({ page, command, option })),
      ),
    )
    const helps = new Map(await Promise.all(Object.entries(COMMANDS).map(async ([name, { load }]) => [name, (await load()).help] as const)))
    const known = named.filter(({ command }) => helps.has(command))
    expect(known.length).toBeGreaterThan(20)
    const told = ({ command, option }: { command: string; option: string }) =>
      helps
        .get(command)
        ?.match(/--[a-z][\w-]*/g)
        ?.includes(option)
    expect(known.filter((one) => one.option !== '--help' && !told(one))).toEqual([])
  })

  test('every file of ours that a page names is there', () => {
    // The tutorial and the guide name what their reader writes, the README what a command does.
    const written = /doubter|wait-bearable|far-away|quarter-hour|localhost-3000|detection-matrix/
    const ours =
      /(?<![\w./-])(?:harness|reference-server|scenarios|tests|benchmarks|tools|docs)\/[\w./-]*\w\.(?:ts|mjs|py|md|json|sql|yaml|yml)\b/g
    const gone = pages.flatMap((page) =>
      [...textOf(page).matchAll(ours)].flatMap(([file]) =>
        existsSync(path.join(ROOT, file)) || written.test(file) ? [] : [`${page}: ${file}`],
      ),
    )
    expect(gone).toEqual([])
  })

  describe('links between the pages', () => {
    const links = pages.flatMap((page) =>
      [...textOf(page).matchAll(/\]\((?!https?:|#)([^)#\s]+)/g)].map(([, to = '']) => ({
        page,
        to: path.posix.join(path.posix.dirname(page), to),
      })),
    )

    test('lead somewhere', () => {
      expect(links.filter(({ to }) => !existsSync(path.join(ROOT, to)))).toEqual([])
    })

    test('lead to a heading that is there', () => {
      const anchorOf = (heading: string) =>
        heading
          .toLowerCase()
          .replace(/[^\w -]/g, '')
          .replaceAll(' ', '-')
      const gone = pages.flatMap((page) =>
        [...textOf(page).matchAll(/\]\((?!https?:)([^)#\s]*)#([^)\s]+)\)/g)].flatMap(([, to = '', anchor = '']) => {
          const file = to === '' ? page : path.posix.join(path.posix.dirname(page), to)
          const headings = [...textOf(file).matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) => anchorOf(heading))
          return headings.includes(anchor) ? [] : [`${page}: ${to}#${anchor}`]
        }),
      )
      expect(gone).toEqual([])
    })

    test('lead to every page, picture and example', () => {
      // What a command writes may be there or not, so it is enough that something names it.
      const named = (page: string) => published.some((file) => file !== page && textOf(file).includes(page))
      const reached = (page: string) => links.some(({ to }) => to === page) || named(page)
      const shown = new Set([...pages, ...filesUnder('docs')])
      expect([...shown].filter((file) => file !== 'README.md' && !reached(file))).toEqual([])
    })
  })
})

function withoutComments(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/^\s*\/\/.*$/gm, '')
}

function withoutStrings(text: string): string {
  return withoutComments(text).replace(/'(?:[^'\\\n]|\\.)*'|`(?:[^`\\]|\\.)*`/g, "''")
}
