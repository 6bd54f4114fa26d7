// `node harness/cli.ts draw <scenario> …`, inside a pod before its generator starts: the plan is drawn again from the seed, and must be the
// one that the manifest names; then what agents must know is put together with their tokens. Settings come by the environment:
//   STAMPEDE_EXPECT (the plan's hash), STAMPEDE_PLAN and STAMPEDE_FACTS (files to write), STAMPEDE_FACTS_FROM, STAMPEDE_TOKENS (to read)
import { readFile, writeFile } from 'node:fs/promises'
import { HarnessError } from '../../errors.ts'
import type { FleetFacts } from '../../load/facts.ts'
import { planHash, planText } from '../../plan/text.ts'
import { bad } from '../arguments.ts'
import type { Program } from '../program.ts'
import { parseScenarioOptions } from '../scenario/options.ts'
import { planned } from '../scenario/planned.ts'
import { discoverAll } from '../units.ts'

/** What a Secret holds of one agent; see FleetFacts. */
type AgentTokens = { [K in 'headers' | 'later' | 'credentials']?: FleetFacts[K][number] }

const HELP = `Draws a plan again in a pod, before its generator starts; what \`npm run export\` writes calls it. It takes what decides a plan.

  node harness/cli.ts draw <scenario> [options]

  --target, --fleet, --seed, --scale, --protocol, --fault   as for npm run scenario

Files and the plan's hash come by the environment: STAMPEDE_EXPECT, STAMPEDE_PLAN, STAMPEDE_FACTS, STAMPEDE_FACTS_FROM, STAMPEDE_TOKENS.
Example: node harness/cli.ts draw runaway-loop --target staging --seed 1
`

export const draw: Program = { help: HELP, run: (words) => drawCommand(words) }

/** @throws HarnessError `PLAN_DIFFERS` */
async function drawCommand(words: string[], env: NodeJS.ProcessEnv = process.env): Promise<number> {
  const options = parseScenarioOptions(words)
  if (options.name === undefined) throw bad('draw takes a scenario', 'it is what `npm run export` writes')
  const { plan } = await planned({ ...options, name: options.name }, await discoverAll(options.name), true)
  const text = planText(plan)
  const hash = planHash(text)
  if (hash !== env.STAMPEDE_EXPECT)
    throw new HarnessError(
      'PLAN_DIFFERS',
      `the plan drawn here is ${hash}, the manifest names ${env.STAMPEDE_EXPECT}`,
      'build the image from the commit that the manifests were exported with, your own scenarios, personas and targets in it',
    )
  const facts = JSON.parse(await readFile(env.STAMPEDE_FACTS_FROM ?? '', 'utf8')) as FleetFacts
  const tokens = JSON.parse(await readFile(env.STAMPEDE_TOKENS ?? '', 'utf8')) as AgentTokens[]
  const whole: FleetFacts = {
    ...facts,
    headers: plan.agents.map(({ index }) => tokens[index]?.headers ?? {}),
    later: plan.agents.map(({ index }) => tokens[index]?.later ?? []),
    credentials: plan.agents.map(({ index }) => tokens[index]?.credentials ?? {}),
  }
  await writeFile(env.STAMPEDE_FACTS ?? '', JSON.stringify(whole), { mode: 0o600 })
  await writeFile(env.STAMPEDE_PLAN ?? '', text)
  process.stderr.write(`· plan ${hash}, ${plan.agents.length} agents\n`)
  return 0
}
