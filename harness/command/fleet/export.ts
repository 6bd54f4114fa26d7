// `npm run export -- kubernetes <scenario> --target <t> --parallelism N`: a kustomization that k6-operator carries out.
import { randomBytes } from 'node:crypto'
import { chmod, mkdir, readdir, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { assertFits } from '../../fleet/kubernetes/fleet-spec.ts'
import { kustomization } from '../../fleet/kubernetes/manifests.ts'
import { bad } from '../arguments.ts'
import type { Program } from '../program.ts'
import { shownPath } from '../recorded/judged.ts'
import { assertWithinCaps } from '../scenario/caps.ts'
import { parseScenarioOptions } from '../scenario/options.ts'
import { planned } from '../scenario/planned.ts'
import { discoverAll } from '../units.ts'
import { SMALLEST_FLEET } from './options.ts'
import { fleetSpec } from './spec.ts'

const USAGE = 'npm run export -- kubernetes <scenario> [options]'

const HELP = `Writes what k6-operator needs to send a scenario from many pods: a kustomization that says itself how to apply, fetch and remove it.

  ${USAGE}

  --target <id|file.ts>  against what; its address must be one that pods reach
  --parallelism <n>      pods, each with its share of the agents (default: ${SMALLEST_FLEET.parallelism})
  --into <folder>        where it is written (default: reports/<scenario>/kubernetes)
  --namespace <name>     of the cluster (default: the context's)
  --image <ours>         the image with this program in it (default: ${SMALLEST_FLEET.image})
  --k6-image <image>     of k6 (default: ${SMALLEST_FLEET.k6Image})
  --run <name>           what its objects are called (default: from the scenario and the plan)
  --ttl-s <n>            after so long nothing of the run is left (default: as long as the plan may last)
  --with-tokens          writes the agents' tokens too, as a Secret; without it the kustomization says what to type
  --fleet, --scale, --seed, --protocol, --fault   as for npm run scenario

Example: npm run export -- kubernetes runaway-loop --target staging --parallelism 4
`

export const exporting: Program = { help: HELP, run: exportCommand }

const OURS = /^(kustomization|rbac|configmap|secret|collector|testrun)\.yaml$/

async function exportCommand([what, ...words]: string[]): Promise<number> {
  if (what !== 'kubernetes') throw bad(`export knows kubernetes, not ${JSON.stringify(what ?? '')}`, USAGE)
  const options = parseScenarioOptions(words)
  const { name, cluster: fleet = SMALLEST_FLEET } = options
  if (name === undefined) throw bad('no scenario was named', USAGE)
  const drawn = await planned({ ...options, name }, await discoverAll(name))
  assertWithinCaps(drawn.plan, drawn.target.value, drawn.scenario, drawn.units.personas)
  const { spec, agents } = await fleetSpec(drawn, options, fleet)
  assertFits(spec, agents)
  const tokens = fleet.withTokens ? { agents, collector: randomBytes(32).toString('hex') } : undefined
  const folder = path.resolve(fleet.into ?? path.join(options.reports, drawn.plan.scenario, 'kubernetes'))
  await writeFiles(folder, kustomization(spec, tokens))
  const shown = shownPath(folder)
  process.stdout.write(
    `${spec.parallelism} generators for ${spec.agents} agents, plan ${spec.planHash.slice(0, 12)}… → ${shown}\n${shown}/kustomization.yaml says how to apply, fetch and remove it\n`,
  )
  return 0
}

/** Files of an earlier export that this one does not have are removed: a Secret among them. */
async function writeFiles(folder: string, files: Record<string, string>): Promise<void> {
  await mkdir(folder, { recursive: true })
  for (const name of await readdir(folder)) if (OURS.test(name) && !(name in files)) await rm(path.join(folder, name))
  for (const [name, text] of Object.entries(files)) {
    const file = path.join(folder, name)
    await writeFile(file, text, { mode: name === 'secret.yaml' ? 0o600 : 0o644 })
    if (name === 'secret.yaml') await chmod(file, 0o600)
  }
}
