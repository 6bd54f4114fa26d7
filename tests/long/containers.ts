// Whole scenarios with everything in containers: Postgres, Redis, upstream and the server itself break inside them as they do outside.
//
// Starts a Docker engine of its own where DOCKER_HOST names none, with images made of this machine's programs, and types what a user types:
// `scenario <name> --containers --images …`. `rounds` is one of the scenarios, counted from 1
// (without it all). Fails when a scenario does not hold, a fault was not felt or a container is
// left; one whose generator was late says nothing, is run again, and the third time counted apart.
import { execFileSync } from 'node:child_process'
import { RUN_LABEL } from '../../harness/environment/engine.ts'
import { ensureRedis } from '../../setup.mjs'
import { ROOT, type ScenarioRun, Workshop } from '../fixtures/cli.ts'
import { makeImages } from '../fixtures/container-images.ts'
import { DockerEngine } from '../fixtures/docker-engine.ts'

/** By SQL and the engine's signals, by Redis going, by a stub that is in a container too, by instances that are killed and drained. */
const SCENARIOS = ['slow-postgres', 'redis-outage', 'upstream-outage', 'rolling-restart']

/** @param one from 1; all without it. @returns a row for each. @throws when something did not hold */
export async function run(one?: number): Promise<string[]> {
  const wanted = one === undefined ? SCENARIOS : SCENARIOS.slice(one - 1, one)
  if (wanted.length === 0) throw new Error(`there are ${SCENARIOS.length}: ${SCENARIOS.join(', ')}`)
  await using docker = await DockerEngine.start()
  const images = await makeImages(docker.engine, await ensureRedis({ root: ROOT }))
  // As a user says it: by the environment, which the runs inherit.
  process.env.DOCKER_HOST = docker.engine.host
  const named = Object.entries(images).map(([service, image]) => `${service}=${image}`)
  using workshop = new Workshop()
  const rows = ['| scenario, in containers | status | faults felt and healed | what failed or is unknown |', '| --- | --- | --- | --- |']
  const flaws: string[] = []
  for (const scenario of wanted) {
    const seen = await workshop.measured(scenario, '--containers', '--images', named.join(','))
    rows.push(`| ${scenario} | ${seen.answer.status} | ${faultsOf(seen)} | ${seen.why.replaceAll('\n', '; ') || 'nothing'} |`)
    process.stderr.write(`${new Date().toISOString().slice(11, 19)} ${rows.at(-1)}\n`)
    flaws.push(...flawsOf(seen).map((flaw) => `${scenario}: ${flaw}`))
    const left = containersAt(docker.engine.host)
    if (left !== '') flaws.push(`${scenario}: containers are left: ${left}`)
  }
  if (flaws.length > 0) throw new Error([...rows, ...flaws].join('\n'))
  return rows
}

function flawsOf({ statuses, why, manifest }: ScenarioRun): string[] {
  if (statuses['load-offered'] === 'unknown') return []
  const unfelt = (manifest.faults ?? [])
    .filter(({ felt, healed }) => !felt || !healed)
    .map(({ fault }) => `${fault} was not felt, or not healed`)
  return [...unfelt, ...(Object.values(statuses).includes('fail') ? [why] : [])]
}

function faultsOf({ manifest: { faults = [] } }: ScenarioRun): string {
  const names = new Set(faults.filter(({ felt, healed }) => felt && healed).map(({ fault }) => fault))
  return [...names].join(', ') || 'none'
}

function containersAt(host: string): string {
  return execFileSync('docker', ['-H', host, 'ps', '-a', '--filter', `label=${RUN_LABEL}`, '--format', '{{.Names}} ({{.Image}})'], {
    encoding: 'utf8',
  }).trim()
}
