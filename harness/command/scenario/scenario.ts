// `npm run scenario <name>`: plans, runs, judges, reports.
import path from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { ensureK6, ensureRedis, k6VersionOf, SetupError } from '../../../setup.mjs'
import type { Verdicts } from '../../checks/check.ts'
import type { Unit } from '../../discover.ts'
import { IMAGES } from '../../environment/container-services.ts'
import { HarnessError } from '../../errors.ts'
import { k6Driver } from '../../load/k6/start.ts'
import { undiciDriver } from '../../load/undici/start.ts'
import type { Plan } from '../../plan/plan.ts'
import { describePlan } from '../../plan/text.ts'
import { assertBreakable, type Given } from '../../run/given.ts'
import { Lease } from '../../run/lease.ts'
import type { View } from '../../run/load-and-break.ts'
import { run } from '../../run/run.ts'
import type { Target } from '../../target.ts'
import { driverInCluster } from '../fleet/driver-in-cluster.ts'
import { assertFleetMeant } from '../fleet/options.ts'
import { openFile } from '../open.ts'
import type { Program } from '../program.ts'
import { readBaseline } from '../recorded/baseline.ts'
import { reportFolder, shownPath, verdictText } from '../recorded/judged.ts'
import { onSignals } from '../signals.ts'
import { type AllUnits, discoverAll, ROOT } from '../units.ts'
import { assertWithinCaps } from './caps.ts'
import { costText } from './cost-text.ts'
import { listText } from './list.ts'
import { parseScenarioOptions, SCENARIO_HELP, type ScenarioOptions } from './options.ts'
import { planned } from './planned.ts'
import { createScreen } from './view.ts'

export const scenario: Program = { help: SCENARIO_HELP, run: scenarioCommand }

/**
 * @param swept what was cleaned up after killed runs, for the manifest
 * @returns the exit code
 */
export async function scenarioCommand(words: string[], swept: string[]): Promise<number> {
  const options = parseScenarioOptions(words)
  assertFleetMeant(options.cluster)
  const found = await discoverAll(options.name)
  if (options.list || options.name === undefined) {
    process.stdout.write(listText(found))
    if (options.list) return 0
    throw new HarnessError('BAD_OPTION', 'no scenario was named', 'npm run scenario <name>, with one of the names above')
  }
  const { units, target, scenario: tried, plan } = await planned({ ...options, name: options.name }, found)
  assertBreakable(plan, target.value, givenBy(options), (id) => units.faults.get(id).value)
  assertWithinCaps(plan, target.value, tried, units.personas)
  if (options.dryRun) {
    process.stdout.write(`${describePlan(plan)}${costText(plan, target.value, options)}`)
    return 0
  }
  // Before the run, not after it: a slip of the pen must not cost minutes.
  const baseline = options.baseline === undefined ? undefined : await readBaseline(options.baseline)
  const screen = createScreen()
  const folder = await runOnce({ options, units, target, plan, screen, swept })
  screen.say('judging')
  const { verdicts } = await reportFolder(folder, baseline)
  return tell(options, verdicts, folder, baseline)
}

const DRIVERS = { k6: k6Driver, undici: undiciDriver }

interface Prepared {
  options: ScenarioOptions
  units: AllUnits
  target: Unit<Target>
  plan: Plan
  screen: View
  swept: string[]
}

async function runOnce({ options, units, target, plan, screen, swept }: Prepared): Promise<string> {
  const { cluster } = options
  const k6 = !cluster && options.driver === 'k6' ? await k6Or(options) : ''
  // A target without a Redis of its own needs none on this machine.
  const redis =
    target.value.dependencies?.redis === 'embedded' && options.redis === undefined && !options.containers
      ? await ensureRedis({ root: ROOT })
      : ''
  const lease = new Lease(`st${Date.now().toString(36)}${process.pid.toString(36)}`)
  const abort = new AbortController()
  const unhook = onSignals(lease, abort, (signal) => screen.say(`${signal}: stopping the load and healing (once more: end at once)`))
  try {
    await using _lease = lease
    const folder = await run({
      ...units,
      plan,
      target,
      driver: cluster ? driverInCluster({ options, cluster, plan, target: target.value, lease, say: screen.say }) : DRIVERS[options.driver],
      generators: cluster ? cluster.parallelism : options.generators,
      programs: { k6, redis },
      versions: { node: process.versions.node, ...(k6 && { k6: await k6VersionOf(k6) }) },
      // Where a target's own commands run, and whose commit is noted.
      root: process.cwd(),
      reports: options.reports,
      lease,
      command: options.command,
      notes: swept,
      ...(options.weaken !== undefined && { weaken: options.weaken }),
      given: givenBy(options),
      ...(options.otlp !== undefined && { otlp: options.otlp }),
      ...(options.toxiproxy !== undefined && { toxiproxy: options.toxiproxy.replace(/\/$/, '') }),
      ...(options.containers && { images: { ...IMAGES, ...options.containers } }),
      ...(options.port !== undefined && { port: options.port }),
      waitMs: options.waitS * 1_000,
      ...(options.halts && { halts: options.halts }),
      ...(options.promql && { promql: options.promql }),
      stop: (because) => {
        if (abort.signal.aborted) return
        screen.say(`${because}: stopping the load and healing`)
        abort.abort(new Error(because))
      },
      ...(options.starve && { starve: true }),
      view: screen,
      signal: abort.signal,
    })
    return folder.path
  } finally {
    unhook()
  }
}

/** Never another driver in its place: what sent the load is part of the result. */
async function k6Or({ k6, name }: ScenarioOptions): Promise<string> {
  try {
    return await ensureK6({ root: ROOT, given: k6 })
  } catch (error) {
    if (!(error instanceof SetupError) || error.code !== 'K6_NOT_FOUND') throw error
    const without = `or without k6, by the driver that needs none: npm run scenario ${name} -- --driver undici`
    throw new HarnessError(error.code, error.message, `${error.hint}\n  ${without}`, error)
  }
}

function givenBy({ postgres, redis }: ScenarioOptions): Given {
  return { ...(postgres !== undefined && { postgres }), ...(redis !== undefined && { redis }) }
}

async function tell(options: ScenarioOptions, verdicts: Verdicts, folder: string, baseline?: Verdicts): Promise<number> {
  const exitCode = options.unknown === 'warn' && verdicts.exitCode === 2 ? 0 : verdicts.exitCode
  await write(options.json ? process.stderr : process.stdout, verdictText(verdicts, folder, options.command, baseline))
  if (options.json) await write(process.stdout, `${JSON.stringify(summaryOf(verdicts, exitCode, shownPath(folder)))}\n`)
  if (options.open && !(await openFile(path.resolve(folder, 'report.html'))))
    process.stderr.write('· there is no program here to open the report with\n')
  return exitCode
}

function summaryOf({ scenario, target, seed, status, verdicts }: Verdicts, exitCode: number, folder: string) {
  const checks = verdicts.map(({ check, status: held, measured, limit, unit, witnesses }) => ({
    id: check,
    status: held,
    measured,
    limit,
    unit,
    witnesses,
  }))
  return { scenario, target, seed, status, exitCode, folder, checks }
}

async function write(stream: NodeJS.WriteStream, text: string): Promise<void> {
  if (stream.write(text)) return
  await Promise.race([new Promise((resolve) => stream.once('drain', resolve)), wait(5_000)])
}
