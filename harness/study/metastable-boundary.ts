// The smallest trigger that does not heal: Postgres is made slow for a while, agents give up and ask again, and then it is quick once more.
// For each depth (how slow) the length is found by halving, from shortest to longest; each point is tried three times, and where the three
// disagree nobody can tell. Source: Bronson et al., "Metastable failures in distributed systems", HotOS 2021; Huang et al., OSDI 2022.
import type { Study } from './page.ts'
import type { Laboratory, Trial } from './study.ts'

const DEPTHS_MS = [400, 1_200] as const
const LENGTHS_S = [1, 2, 4, 8] as const
const TIMES = 3
const RECOVERY_S = 12

type Outcome = 'heals' | 'does not heal' | 'unknown'

export async function metastableBoundary({ run, say, weaken, holdMs }: Laboratory, command: string): Promise<Study> {
  const tried: { depthMs: number; lengthS: number; outcome: Outcome; of: string[] }[] = []
  const outcomeOf = async (depthMs: number, lengthS: number): Promise<Outcome> => {
    const of: string[] = []
    // The third need not be asked once two disagree.
    for (let round = 0; round < TIMES && new Set(of).size < 2; round++) {
      const { statuses } = await run({ ...trial(depthMs, lengthS, holdMs), round, ...(weaken !== undefined && { weaken }) })
      of.push(statuses.recovers ?? 'not judged')
    }
    const [first] = of
    const outcome = of.length < TIMES ? 'unknown' : first === 'pass' ? 'heals' : first === 'fail' ? 'does not heal' : 'unknown'
    tried.push({ depthMs, lengthS, outcome, of })
    say(`${depthMs} ms for ${lengthS} s: ${outcome} (${of.join(', ')})`)
    return outcome
  }
  const found: { depthMs: number; lengthS?: number; open: boolean }[] = []
  for (const depthMs of DEPTHS_MS) found.push({ depthMs, ...(await smallest(LENGTHS_S, (lengthS) => outcomeOf(depthMs, lengthS))) })
  const bad = found.filter(({ lengthS }) => lengthS !== undefined)
  const open = found.some((one) => one.open)
  return {
    title: 'The metastable boundary',
    says:
      bad.length > 0
        ? `It does not come back by itself after ${bad.map(({ depthMs, lengthS }) => `${lengthS} s at ${depthMs} ms`).join(', ')}`
        : `It came back each time${open ? ' that could be told' : ''}: up to ${LENGTHS_S.at(-1)} s at ${DEPTHS_MS.at(-1)} ms`,
    tone: bad.length > 0 ? 'fail' : open ? 'unknown' : 'pass',
    about: `Postgres slowed by so much for so long, under agents that give up and ask again; back to at least 95 % of before within 8 s, or not. Each point ${TIMES} times.`,
    plots: [{ title: 'Points tried', caption: 'Length against depth of the trigger.', spec: plot(tried) }],
    tables: [
      {
        title: 'Points',
        head: ['trigger', 'outcome', 'runs'],
        rows: tried.map(({ depthMs, lengthS, outcome, of }) => [`${depthMs} ms for ${lengthS} s`, outcome, of.join(', ')]),
      },
    ],
    command,
    notes: open ? ['At a point the runs disagreed, or could not tell.'] : [],
  }
}

/** The first of some, ascending, that does not heal, by halving. @returns `open` when a point was unknown */
export async function smallest(
  lengths: readonly number[],
  outcomeOf: (length: number) => Promise<Outcome>,
): Promise<{ lengthS?: number; open: boolean }> {
  let [low, high] = [0, lengths.length]
  let open = false
  while (low < high) {
    const middle = (low + high) >> 1
    const outcome = await outcomeOf(lengths[middle] as number)
    open ||= outcome === 'unknown'
    // Not known to heal is not known to be harmless: the search goes on among the longer ones all the same.
    if (outcome === 'does not heal') high = middle
    else low = middle + 1
  }
  const lengthS = lengths[low]
  return { ...(lengthS !== undefined && { lengthS }), open }
}

function trial(delayMs: number, stressS: number, linkMs: number): Trial {
  return {
    load: [
      { persona: 'steady', agents: 10, role: 'cheapRead', everyMs: 500 },
      { persona: 'impatient', agents: 20, role: 'expensiveRead', everyMs: 1_000 },
    ],
    steadyS: 6,
    stressS,
    recoveryS: RECOVERY_S,
    delayMs,
    linkMs,
    settings: {
      agentRatePerMinute: 60_000,
      agentBurst: 5_000,
      agentToolRatePerMinute: 60_000,
      agentToolBurst: 5_000,
      poolMax: 4,
      queueMax: 16,
    },
    checks: ['recovers', 'bounded-time'],
  }
}

function plot(tried: readonly { depthMs: number; lengthS: number; outcome: Outcome }[]): Study['plots'][number]['spec'] {
  const outcomes = ['heals', 'does not heal', 'unknown']
  const axis = (unit: string) => ({ title: null, labelExpr: `datum.label + ' ${unit}'` })
  return {
    height: 200,
    data: { values: [...tried] },
    mark: { type: 'point', filled: true, size: 160 },
    encoding: {
      x: { field: 'lengthS', type: 'quantitative', axis: axis('s') },
      y: { field: 'depthMs', type: 'quantitative', axis: axis('ms') },
      shape: { field: 'outcome', type: 'nominal', scale: { domain: outcomes, range: ['circle', 'cross', 'square'] }, legend: null },
      color: {
        field: 'outcome',
        type: 'nominal',
        scale: { domain: outcomes, range: ['var(--pass)', 'var(--fail)', 'var(--unknown)'] },
        legend: { orient: 'top', title: null },
      },
    },
  } as Study['plots'][number]['spec']
}
