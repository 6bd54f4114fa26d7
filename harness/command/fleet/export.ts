// `npm run export -- kubernetes <scenario> --target <t> --parallelism N`: a kustomization that k6-operator carries out.
import { randomBytes } from 'node:crypto'
import { chmod, mkdir, readdir, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { HarnessError } from '../../errors.ts'
import { assertFits } from '../../fleet/kubernetes/fleet-spec.ts'
import { kustomization } from '../../fleet/kubernetes/manifests.ts'
import { shownPath } from '../recorded/judged.ts'
import { assertWithinCaps } from '../scenario/caps.ts'
import { parseScenarioOptions } from '../scenario/options.ts'
import { planned } from '../scenario/planned.ts'
import { discoverAll } from '../units.ts'
import { takeFleetOptions } from './options.ts'
import { fleetSpec } from './spec.ts'

const USAGE = `npm run export -- kubernetes <scenario> --target <id|file.ts> --parallelism <n>
    [--into <folder>] [--namespace <name>] [--image <ours>] [--k6-image <image>] [--run <name>] [--ttl-s <n>] [--with-tokens]
    and of npm run scenario: --fleet, --scale, --seed, --protocol, --fault`

const OURS = /^(kustomization|rbac|configmap|secret|collector|testrun)\.yaml$/

export async function exportCommand([what, ...words]: string[]): Promise<number> {
  if (what !== 'kubernetes') throw new HarnessError('BAD_OPTION', `export knows kubernetes, not ${JSON.stringify(what ?? '')}`, USAGE)
  const { fleet, rest } = takeFleetOptions(words)
  const options = parseScenarioOptions(rest)
  const { name } = options
  if (name === undefined) throw new HarnessError('BAD_OPTION', 'no scenario was named', USAGE)
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
