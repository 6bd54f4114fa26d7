// Arguments, parsed once at the edge and trusted inside. A bad value is quoted with what it may be.
import { parseArgs } from 'node:util'
import type { Images } from '../../environment/container-services.ts'
import { HarnessError, nearest } from '../../errors.ts'
import type { Plan, Scale } from '../../plan/plan.ts'
import { BUILT_IN, type HaltRule } from '../../run/halt.ts'
import type { PromqlHalt } from '../../run/halt-promql.ts'
import type { FleetOptions } from '../fleet/options.ts'
import { haltsOf } from './halt-options.ts'

export interface ScenarioOptions {
  name?: string
  target: string
  weaken?: string
  /** Who calls instead of the scenario's measured agents, and how many of them. */
  fleet: { persona: string; agents: number }[]
  seed: number
  scale: Scale
  protocol?: Plan['protocol']
  driver: 'k6' | 'undici'
  generators: number
  /** The load comes from there. */
  cluster?: FleetOptions
  list: boolean
  help: boolean
  dryRun: boolean
  json: boolean
  unknown: 'fail' | 'warn'
  /** A run's folder or its verdicts.json: the summary tells the difference. */
  baseline?: string
  /** The report is shown at the end. */
  open: boolean
  reports: string
  k6?: string
  postgres?: string
  redis?: string
  containers?: Partial<Images>
  faults: string[]
  toxiproxy?: string
  port?: number
  otlp?: string
  waitS: number
  /** Undefined: what holds where nothing was said; empty: none. */
  halts?: HaltRule[]
  promql?: PromqlHalt
  starve: boolean
}

const SPEC = {
  target: { type: 'string' },
  weaken: { type: 'string' },
  fleet: { type: 'string' },
  seed: { type: 'string' },
  scale: { type: 'string' },
  protocol: { type: 'string' },
  driver: { type: 'string' },
  generators: { type: 'string' },
  list: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
  'dry-run': { type: 'boolean' },
  json: { type: 'boolean' },
  unknown: { type: 'string' },
  baseline: { type: 'string' },
  open: { type: 'boolean' },
  reports: { type: 'string' },
  k6: { type: 'string' },
  postgres: { type: 'string' },
  redis: { type: 'string' },
  containers: { type: 'boolean' },
  images: { type: 'string' },
  fault: { type: 'string', multiple: true },
  toxiproxy: { type: 'string' },
  port: { type: 'string' },
  otlp: { type: 'string' },
  wait: { type: 'string' },
  halt: { type: 'string', multiple: true },
  'halt-promql': { type: 'string' },
  prometheus: { type: 'string' },
  starve: { type: 'boolean' },
} as const

/** By their names, for the shell's completion. */
export const SCENARIO_OPTIONS = Object.keys(SPEC)

const PROTOCOLS = ['2026-07-28', '2025-11-25', '2025-06-18'] as const

export const SCENARIO_HELP = `Runs one scenario against a target and judges what happened.

  npm run scenario <name> -- [options]
  npm run scenario -- --list

  --target <id|file.ts>   against what: an id from scenarios/targets, or a file of your own (default: reference)
  --weaken <id>           the target with one defence replaced by what people ship
  --fleet <id:n,id:n…>    these personas or presets (langchain:10,claude-code:5) instead of the scenario's measured agents,
                          over their roles in the same proportions; who is there for the stress stays
  --scale quick|full      about half a minute, or the published limits over minutes (default: quick)
  --seed <n>              0 to 4294967295; the same seed draws the same plan (default: 1)
  --protocol <version>    2026-07-28, 2025-11-25 or 2025-06-18: what the agents speak (default: the target's, else 2026-07-28)
  --driver k6|undici      what sends the load; undici needs no k6 (default: k6)
  --generators <n>        processes that share the plan, up to 64 (default: 1)
  --kubernetes <context>  the load comes from a cluster with k6-operator instead; with --parallelism <n> pods, and --namespace,
                          --image, --k6-image, --collector <url>, --kubectl <file>, --ttl-s <n> (docs/scale.md)
  --otlp <url>            sends the agents' spans and the run's metrics to your own collector (OTLP over HTTP, JSON) while it runs;
                          headers by OTEL_EXPORTER_OTLP_HEADERS
  --reports <folder>      where runs are kept (default: reports)
  --k6 <file>             a k6 binary of your own, version 2
  --postgres <url>        a Postgres of your own; only the link to it is broken (default: the run starts one)
  --redis <url>           a Redis of your own, likewise
  --toxiproxy <url>       a toxiproxy that already runs: dependencies that it has a proxy for, by name, are broken through it
  --containers            services and servers run in containers (Linux; DOCKER_HOST names the engine), not as local processes
  --images <name=image,…> other images than the pinned ones, by name: postgres, redis, node
  --fault <id>            one more fault in the first stress window: of harness/faults, or of the target's own; may be repeated
  --port <n>              port for the server under test (default: a free one)
  --wait <s>              how long a server that is already running may take until it is seen to reach its dependencies
                          through the proxy, before a fault breaks one (default: 20)
  --halt '<figure><limit> for <n>s'  stops the load and heals: errorShare, refusedShare or p95Ms; may be repeated; none: never
                          (default on hosts that are not this machine: '${BUILT_IN}')
  --halt-promql <expr> --prometheus <url>  likewise, as soon as the expression has an answer
  --unknown fail|warn     exit code when it cannot be known: 2, or 0 (default: fail)
  --baseline <folder|file> an earlier run, or its verdicts.json: the summary tells what has changed since
  --open                  shows the report at the end
  --dry-run               tells the plan in words and sends nothing
  --json                  the last line on stdout is one JSON object
  --list                  scenarios, targets and weaknesses
  --starve                test hook: the generator is held back, so that it cannot keep its plan

Exit codes: 0 held · 1 did not hold · 2 cannot be known · 254 bad arguments or surroundings · 255 a bug of ours
`

/** @throws HarnessError `BAD_OPTION` */
export function parseScenarioOptions(words: string[]): ScenarioOptions {
  const { values, positionals } = parse(words)
  if (positionals.length > 1)
    throw bad(
      `one scenario at a time, not ${positionals.map((word) => JSON.stringify(word)).join(' and ')}`,
      'npm run scenario <name> -- [options]',
    )
  return {
    ...(positionals[0] !== undefined && { name: positionals[0] }),
    target: values.target ?? 'reference',
    ...(values.weaken !== undefined && { weaken: values.weaken }),
    fleet: fleetOf(values.fleet),
    seed: whole('seed', values.seed ?? '1', 0, 0xffff_ffff),
    scale: oneOf('scale', values.scale ?? 'quick', ['quick', 'full']),
    ...(values.protocol !== undefined && { protocol: oneOf('protocol', values.protocol, PROTOCOLS) }),
    driver: oneOf('driver', values.driver ?? 'k6', ['k6', 'undici']),
    generators: whole('generators', values.generators ?? '1', 1, 64),
    list: values.list ?? false,
    help: values.help ?? false,
    dryRun: values['dry-run'] ?? false,
    json: values.json ?? false,
    unknown: oneOf('unknown', values.unknown ?? 'fail', ['fail', 'warn']),
    ...(values.baseline !== undefined && { baseline: values.baseline }),
    open: values.open ?? false,
    reports: values.reports ?? 'reports',
    ...(values.k6 !== undefined && { k6: values.k6 }),
    ...(values.postgres !== undefined && { postgres: address('postgres', values.postgres, ['postgres:', 'postgresql:']) }),
    ...(values.redis !== undefined && { redis: address('redis', values.redis, ['redis:']) }),
    faults: values.fault ?? [],
    ...(values.otlp !== undefined && { otlp: address('otlp', values.otlp, ['http:', 'https:']) }),
    ...(values.toxiproxy !== undefined && { toxiproxy: address('toxiproxy', values.toxiproxy, ['http:']) }),
    ...((values.containers || values.images !== undefined) && { containers: images(values.images ?? '') }),
    ...(values.port !== undefined && { port: whole('port', values.port, 1, 65_535) }),
    waitS: whole('wait', values.wait ?? '20', 0, 3_600),
    ...haltsOf(values),
    starve: values.starve ?? false,
  }
}

function parse(words: string[]) {
  try {
    return parseArgs({ args: words, options: SPEC, allowPositionals: true })
  } catch (error) {
    const wrong = /'?--?([\w-]+)/.exec((error as Error).message)?.[1] ?? ''
    const near = nearest(
      wrong,
      Object.keys(SPEC).filter((name) => name !== wrong),
    )
    const hint =
      wrong in SPEC
        ? `see: npm run scenario -- --help`
        : near.length > 0
          ? `did you mean --${near.join(', --')}?`
          : 'see: npm run scenario -- --help'
    throw new HarnessError('BAD_OPTION', (error as Error).message.split('. ')[0] ?? 'bad option', hint, error)
  }
}

function fleetOf(text: string | undefined): ScenarioOptions['fleet'] {
  if (text === undefined) return []
  return text.split(',').map((part) => {
    const [, persona = '', agents = ''] = /^([a-z0-9-]+):(\d{1,6})$/.exec(part.trim()) ?? []
    if (Number(agents) >= 1) return { persona, agents: Number(agents) }
    throw bad(`--fleet has ${JSON.stringify(part)}`, '--fleet takes ids and numbers of agents from 1: --fleet langchain:10,claude-code:5')
  })
}

function whole(name: string, text: string, from: number, to: number): number {
  const value = Number(text)
  if (/^\d+$/.test(text) && value >= from && value <= to) return value
  throw bad(`--${name} is ${JSON.stringify(text)}`, `--${name} must be a whole number from ${from} to ${to}`)
}

function images(text: string): Partial<Images> {
  const pairs = text
    .split(',')
    .filter(Boolean)
    .map((pair) => pair.split(/=(.*)/s).slice(0, 2))
  const wrong = pairs.find(([name = '', image]) => !['postgres', 'redis', 'node'].includes(name) || !image)
  if (wrong)
    throw bad(
      `--images has ${JSON.stringify(wrong.join('='))}`,
      '--images postgres=postgres:18,redis=redis:8,node=node:24: any of the three',
    )
  return Object.fromEntries(pairs)
}

function address(name: string, text: string, protocols: string[]): string {
  const url = URL.parse(text)
  if (url && protocols.includes(url.protocol) && url.hostname !== '') return text
  // It may hold a password: it is not quoted.
  throw bad(
    `--${name} is not an address that can be used`,
    `--${name} ${protocols[0]}//${protocols.includes('https:') ? '127.0.0.1:4318' : 'user@127.0.0.1:1234 (plain: no proxy can stand before TLS)'}`,
  )
}

function oneOf<const C extends string>(name: string, text: string, choices: readonly C[]): C {
  const found = choices.find((choice) => choice === text)
  if (found !== undefined) return found
  throw bad(`--${name} is ${JSON.stringify(text)}`, `--${name} must be ${choices.join(' or ')}`)
}

function bad(message: string, hint: string): HarnessError {
  return new HarnessError('BAD_OPTION', message, hint)
}
