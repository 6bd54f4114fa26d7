// The words that say how a fleet is sent to Kubernetes, beside those that say what is run.
import { parseArgs } from 'node:util'
import { HarnessError } from '../../errors.ts'

const OWN = {
  parallelism: { type: 'string' },
  into: { type: 'string' },
  image: { type: 'string' },
  'k6-image': { type: 'string' },
  namespace: { type: 'string' },
  run: { type: 'string' },
  'ttl-s': { type: 'string' },
  'with-tokens': { type: 'boolean' },
  kubernetes: { type: 'string' },
  kubectl: { type: 'string' },
  collector: { type: 'string' },
} as const

export interface FleetOptions {
  parallelism: number
  into?: string
  image: string
  k6Image: string
  namespace?: string
  run?: string
  ttlS?: number
  withTokens: boolean
  /** A context of kubectl: the run's load comes from there. */
  kubernetes?: string
  kubectl?: string
  /** Where the harness reaches the collector; without it by port-forward. */
  collector?: string
}

/** @returns the fleet's options, and the words that are left: all of them where none of the fleet's was there */
export function takeFleetOptions(words: string[]): { fleet: FleetOptions; rest: string[] } {
  const { tokens } = parseArgs({ args: words, options: OWN, strict: false, allowPositionals: true, tokens: true })
  const values: Record<string, string | true> = {}
  const taken = new Set<number>()
  for (const token of tokens) {
    if (token.kind !== 'option' || !(token.name in OWN)) continue
    values[token.name] = token.value ?? true
    taken.add(token.index)
    if (token.value !== undefined && token.inlineValue === false) taken.add(token.index + 1)
  }
  const text = (name: keyof typeof OWN) =>
    typeof values[name] === 'string' ? { [name === 'k6-image' ? 'k6Image' : name]: values[name] } : {}
  const fleet = {
    parallelism: whole('parallelism', values.parallelism ?? '1', 10_000),
    image: 'stampede:local',
    k6Image: 'grafana/k6:2.2.0',
    withTokens: values['with-tokens'] === true,
    ...(values['ttl-s'] !== undefined && { ttlS: whole('ttl-s', values['ttl-s'], 86_400) }),
    ...text('into'),
    ...text('image'),
    ...text('k6-image'),
    ...text('namespace'),
    ...text('run'),
    ...text('kubernetes'),
    ...text('kubectl'),
    ...text('collector'),
  }
  return { fleet, rest: words.filter((_, position) => !taken.has(position)) }
}

function whole(name: string, value: string | true, most: number): number {
  const number = Number(value)
  if (Number.isInteger(number) && number >= 1 && number <= most) return number
  throw new HarnessError('BAD_OPTION', `--${name} is ${JSON.stringify(value)}`, `a whole number from 1 to ${most}`)
}

/** @throws HarnessError `BAD_OPTION` for options of a fleet where there is none */
export function assertFleetMeant({ kubernetes }: FleetOptions, words: number): void {
  if (kubernetes !== undefined || words === 0) return
  const hint = 'add --kubernetes <context>, or use npm run export -- kubernetes; on this machine it is --generators <n>'
  throw new HarnessError('BAD_OPTION', '--parallelism, --image and the like are for a fleet in a cluster', hint)
}
