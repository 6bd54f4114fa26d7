// Judging more calls than fit in memory: the run is divided by agents, each part is assembled and judged by itself, and what may be put
// together is put together.
//
//   exact checks   fail when they fail in any part, pass when they hold in every part: one witness is a fail, wherever it is
//   load-offered   likewise: when 99 % left in time in every part, 99 % did in all; and no line is missing anywhere (told by one pass)
//   statistical,   from one part, which is a sample of the agents: said so, never averaged over parts. What the server and the proxy told
//   event          is there whole
//
// Not judged in parts: what joins calls with the server's own log (it is as large as the load), checks that need the calls of all agents
// (`ofAllAgents`: what the server, its database or the proxy told is of all of them), and calls of different agents under one key.
import { rm } from 'node:fs/promises'
import path from 'node:path'
import type { CheckDefinition, Verdict } from '../checks/check.ts'
import { judge } from '../checks/judge.ts'
import type { Units } from '../discover.ts'
import { assembled } from '../history/assemble.ts'
import { attemptLine, clockLine, effectLine, faultLine, generatorLine, hitLine, loadLine, sampleLine } from '../history/event-schema.ts'
import type { History } from '../history/history.ts'
import { eachLine, readLines } from '../history/lines.ts'
import { type Heard, LoadFile } from '../history/load-file.ts'
import { joinLoads, loadFileNames } from '../history/load-files.ts'
import type { LoadLine } from '../history/load-line.ts'
import type { Manifest } from '../history/manifest.ts'
import { readRun } from '../history/merge.ts'
import type { AttemptLine, ClockLine, EffectLine, FaultLine, GeneratorLine, HitLine, SampleLine } from '../history/raw-line.ts'
import { divide, type PartFolder, partOf, type Told } from './parts.ts'

/** Lines of a part, about: 200,000 calls and the memory of a small machine. */
const PART_BYTES = 128 << 20

export interface JudgedInParts {
  told: Told
  parts: number
  verdicts: Verdict[]
}

interface Common {
  manifest: Manifest
  plan: History['plan']
  said: GeneratorLine[]
  rest: Pick<History, 'faults' | 'attempts' | 'samples' | 'clocks' | 'hits'>
  effects: EffectLine[]
}

/** @param bytes of all raw load files; @param scratch a folder for the parts, as large as they */
export async function judgeInParts(
  folder: string,
  checks: Units<CheckDefinition>,
  { bytes, scratch, partBytes = PART_BYTES }: { bytes: number; scratch: string; partBytes?: number },
): Promise<JudgedInParts> {
  const count = Math.max(1, Math.ceil(bytes / partBytes))
  const common = await commonOf(folder)
  const files = loadFileNames(common.manifest.generators ?? 1).map((name) => path.join(folder, 'raw', name))
  const { told, parts } = await divide(files, scratch, count)
  const judged: Verdict[][] = []
  for (const [n, part] of parts.entries()) {
    judged.push(judge(await historyOf(part, n, count, common), checks).verdicts)
    await rm(part.folder, { recursive: true, force: true })
  }
  const [first = []] = judged
  const verdicts = first.map((verdict, position) =>
    together(
      judged.flatMap((one) => one[position] ?? []),
      verdict,
      checks.all.find(({ id }) => id === verdict.check)?.value.ofAllAgents === true,
    ),
  )
  return { told, parts: count, verdicts }
}

async function commonOf(folder: string): Promise<Common> {
  const raw: NonNullable<Manifest['raw']> = {}
  const read = async <T>(name: string, schema: Parameters<typeof readLines>[1]) => {
    const { lines, state } = await readLines<T>(path.join(folder, 'raw', `${name}.ndjson`), schema)
    if (state !== 'absent') raw[`${name}.ndjson`] = state
    return lines
  }
  const { manifest, plan } = await readRun(folder)
  const offers = { ...manifest.offers, logs: 'judge it whole: the server’s log is not read in parts' }
  return {
    manifest: { ...manifest, offers, raw },
    plan,
    said: await read<GeneratorLine>('generators', generatorLine),
    effects: await read<EffectLine>('effects', effectLine),
    rest: {
      faults: await read<FaultLine>('faults', faultLine),
      attempts: await read<AttemptLine>('links', attemptLine),
      samples: await read<SampleLine>('samples', sampleLine),
      clocks: await read<ClockLine>('clock', clockLine),
      hits: await read<HitLine>('upstream', hitLine),
    },
  }
}

async function historyOf(
  { files }: PartFolder,
  n: number,
  count: number,
  { manifest, plan, said, rest, effects }: Common,
): Promise<History> {
  const heard = new Map<string, Heard>()
  const loads = files.map((file) => new LoadFile(path.basename(file), heard))
  for (const [position, file] of loads.entries()) await eachLine<LoadLine>(files[position] ?? '', loadLine, (line) => file.take(line))
  const load = joinLoads(loads, plan, said)
  const keys = new Set(load.calls.flatMap(({ key }) => key ?? []))
  return assembled(load, {
    manifest: { ...manifest, notes: [...manifest.notes] },
    plan: { ...plan, agents: plan.agents.filter(({ agent }) => partOf(agent, count) === n) },
    ...rest,
    effects: effects.filter(({ key }) => keys.has(key)),
    spans: [],
    leaks: [],
  })
}

/** Of one check in every part. */
function together(all: readonly Verdict[], first: Verdict, ofAllAgents: boolean): Verdict {
  if (ofAllAgents && all.length > 1) return notOfParts(first)
  const samples = all.reduce((sum, verdict) => sum + verdict.samples, 0)
  const composes = first.sort === 'exact' || first.check === 'load-offered'
  if (!composes)
    return { ...first, says: all.length === 1 ? first.says : `${first.says} (a sample: the agents of 1 part of ${all.length})` }
  const failed = all.find(({ status }) => status === 'fail')
  const unclear = all.find(({ status }) => status === 'unknown')
  const worst = failed ?? unclear ?? all.find(({ status }) => status === 'pass') ?? first
  const held = all.filter(({ status }) => status === worst.status).length
  const says = all.length === 1 ? worst.says : `${worst.says} (${worst.status} in ${held} of ${all.length} parts)`
  // A call's place in a part's history names nothing outside of it.
  return { ...worst, samples, says, witnesses: all.length === 1 ? worst.witnesses : [] }
}

function notOfParts({ check, code, title, sort, essential, why, remedy, source }: Verdict): Verdict {
  return {
    ...{ check, code, title, sort, essential, why, remedy, source },
    status: 'not-judged',
    says: 'what it holds together lies in several parts',
    addLine: 'judge it whole: npm run judge on a machine that holds all of it in memory',
    samples: 0,
    witnesses: [],
    exhibits: [],
    evidence: 'direct',
  }
}
