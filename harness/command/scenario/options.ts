// What `npm run scenario` can be told, and the line that tells the same again.
import type { Images } from '../../environment/container-services.ts'
import { shellWord } from '../../fleet/shell-word.ts'
import type { Plan, Scale } from '../../plan/plan.ts'
import { BUILT_IN, type HaltRule } from '../../run/halt.ts'
import type { PromqlHalt } from '../../run/halt-promql.ts'
import { PROTOCOLS } from '../../run/transport.ts'
import { bad, given, oneOf, parsed, typedAgain, whole } from '../arguments.ts'
import { clusterOf, FLEET, type FleetOptions } from '../fleet/options.ts'
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
  /** The load comes from there; undefined when nothing was said of it. */
  cluster?: FleetOptions
  list: boolean
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
  /** What is typed to send the same again. */
  command: string
}

const SPEC = {
  seed: { type: 'string', default: '1' },
  scale: { type: 'string', default: 'quick' },
  target: { type: 'string', default: 'reference' },
  weaken: { type: 'string' },
  fleet: { type: 'string' },
  protocol: { type: 'string' },
  driver: { type: 'string', default: 'k6' },
  generators: { type: 'string', default: '1' },
  ...FLEET,
  list: { type: 'boolean', default: false },
  'dry-run': { type: 'boolean', default: false },
  json: { type: 'boolean', default: false },
  unknown: { type: 'string', default: 'fail' },
  baseline: { type: 'string' },
  open: { type: 'boolean', default: false },
  reports: { type: 'string', default: 'reports' },
  k6: { type: 'string' },
  postgres: { type: 'string' },
  redis: { type: 'string' },
  containers: { type: 'boolean', default: false },
  images: { type: 'string' },
  fault: { type: 'string', multiple: true },
  toxiproxy: { type: 'string' },
  port: { type: 'string' },
  otlp: { type: 'string' },
  wait: { type: 'string', default: '20' },
  halt: { type: 'string', multiple: true },
  'halt-promql': { type: 'string' },
  prometheus: { type: 'string' },
  starve: { type: 'boolean', default: false },
} as const

/** They say where a run is kept and how it is told, or choose among this machine's ports and programs: the run is the same without them. */
export const SHAPE_NOTHING = [
  ...['list', 'dry-run', 'json', 'unknown', 'baseline', 'open', 'reports', 'port'],
  ...['kubectl', 'into', 'run', 'ttl-s', 'with-tokens'],
]

/** By their names, for the shell's completion. */
export const SCENARIO_OPTIONS = [...Object.keys(SPEC), 'help']

const USAGE = 'npm run scenario <name> -- [options]'

export const SCENARIO_HELP = `Runs one scenario against a target and judges what happened.

  ${USAGE}

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

Example: npm run scenario runaway-loop -- --weaken no-agent-limit --open

Exit codes: 0 held · 1 did not hold · 2 cannot be known · 254 bad arguments or surroundings · 255 a bug of ours
`

/** @throws HarnessError `BAD_OPTION` */
export function parseScenarioOptions(words: string[]): ScenarioOptions {
  const { values, positionals } = parsed('scenario', SPEC, words)
  const [name, ...more] = positionals
  if (more.length > 0) throw bad(`one scenario at a time, not ${positionals.map((word) => JSON.stringify(word)).join(' and ')}`, USAGE)
  const { target, weaken, list, json, baseline, open, reports, k6, starve } = values
  return {
    ...{ target, list, json, open, reports, starve, dryRun: values['dry-run'], faults: values.fault ?? [] },
    ...given({ name, weaken, baseline, k6, cluster: clusterOf(values) }),
    fleet: fleetOf(values.fleet),
    seed: whole('seed', values.seed, 0, 0xffff_ffff),
    scale: oneOf('scale', values.scale, ['quick', 'full']),
    driver: oneOf('driver', values.driver, ['k6', 'undici']),
    generators: whole('generators', values.generators, 1, 64),
    unknown: oneOf('unknown', values.unknown, ['fail', 'warn']),
    waitS: whole('wait', values.wait, 0, 3_600),
    ...given({
      protocol: values.protocol === undefined ? undefined : oneOf('protocol', values.protocol, PROTOCOLS),
      port: values.port === undefined ? undefined : whole('port', values.port, 1, 65_535),
      containers: values.containers || values.images !== undefined ? images(values.images ?? '') : undefined,
      postgres: address('postgres', values.postgres, ['postgres:', 'postgresql:']),
      redis: address('redis', values.redis, ['redis:']),
      otlp: address('otlp', values.otlp, ['http:', 'https:']),
      toxiproxy: address('toxiproxy', values.toxiproxy, ['http:']),
    }),
    ...haltsOf(values),
    command: commandOf(name ?? '', values),
  }
}

function commandOf(name: string, values: object): string {
  return `npm run scenario ${shellWord(name)} -- ${typedAgain(SPEC, values, { always: ['seed', 'scale'], never: SHAPE_NOTHING })}`
}

function fleetOf(text: string | undefined): ScenarioOptions['fleet'] {
  if (text === undefined) return []
  return text.split(',').map((part) => {
    const [, persona = '', agents = ''] = /^([a-z0-9-]+):(\d{1,6})$/.exec(part.trim()) ?? []
    if (Number(agents) >= 1) return { persona, agents: Number(agents) }
    throw bad(`--fleet has ${JSON.stringify(part)}`, '--fleet takes ids and numbers of agents from 1: --fleet langchain:10,claude-code:5')
  })
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

function address(name: string, text: string | undefined, protocols: string[]): string | undefined {
  if (text === undefined) return
  const url = URL.parse(text)
  if (url && protocols.includes(url.protocol) && url.hostname !== '') return text
  // It may hold a password: it is not quoted.
  throw bad(
    `--${name} is not an address that can be used`,
    `--${name} ${protocols[0]}//${protocols.includes('https:') ? '127.0.0.1:4318' : 'user@127.0.0.1:1234 (plain: no proxy can stand before TLS)'}`,
  )
}
