// A server that somebody else started goes through the proxy only if it was told to. The addresses to put into its environment
// are said, and before a fault breaks such a link the server is asked for something that needs it until it is seen to come
// that way; otherwise the fault would be felt by nobody but the harness's own canary, and whatever it proved would be wrong.
// Parameter: how long to wait, `--wait` (20 s). Not modelled: servers on other machines, which cannot reach a proxy on this one's loopback.
import { readFile } from 'node:fs/promises'
import { setTimeout as wait } from 'node:timers/promises'
import type { Units } from '../discover.ts'
import { dependencyOf, type FaultDefinition } from '../faults/fault.ts'
import type { Manifest } from '../history/manifest.ts'
import type { AttemptLine } from '../history/raw-line.ts'
import type { Plan, PlannedCall } from '../plan/plan.ts'
import type { Target } from '../target.ts'
import { type ClientOptions, McpClient } from './mcp-client.ts'
import { isLoopback } from './safety.ts'

const LOOK_EVERY_MS = 1_000

export interface Unstarted {
  plan: Plan
  target: Target
  faults: Units<FaultDefinition>
  /** Links of the proxy's own, by name → where it listens. */
  links: Record<string, string>
  attemptsFile: string
  url: string
  client: ClientOptions
  waitMs: number
  say: (text: string) => void
  signal: AbortSignal
}

/** @returns the plan without the faults on links that the server does not go through */
export async function withReachedFaults(options: Unstarted): Promise<Plan> {
  const { plan, target, links, url, say } = options
  const names = Object.keys(target.dependencies ?? {}).filter((name) => links[name] !== undefined)
  if (target.start || names.length === 0) return plan
  for (const name of names) say(`the server must reach ${name} at ${links[name]}: put that into its environment`)
  const broken = [...new Set(plan.faults.map((fault) => brokenBy(fault, options)))].filter((name) => names.includes(name))
  if (broken.length === 0) return plan
  const missing = isLoopback(url) ? await untilSeen(broken, options) : broken
  for (const name of missing) say(`the server was not seen to reach ${name} that way: nothing breaks it`)
  return { ...plan, faults: plan.faults.filter((fault) => !missing.includes(brokenBy(fault, options))) }
}

/** Of links that the server was never seen to take: what must be done is said instead of what they offer. */
export async function noteUnseen(
  { target, links, attemptsFile }: Pick<Unstarted, 'target' | 'links' | 'attemptsFile'>,
  manifest: Manifest,
) {
  if (target.start) return
  const seen = await seenLinks(attemptsFile)
  for (const name of Object.keys(target.dependencies ?? {})) {
    if (links[name] === undefined || seen.has(name)) continue
    manifest.offers[`link:${name}`] = `dependencies: { ${name}: { …, port: 15432 } }, and that address in the server's environment`
    manifest.notes.push(`the server was never seen to reach ${name} through the proxy at ${links[name]}`)
  }
}

function brokenBy({ fault, parameters }: Plan['faults'][number], { faults }: Unstarted): string {
  return dependencyOf(faults.get(fault).value, parameters)
}

async function untilSeen(broken: readonly string[], options: Unstarted): Promise<string[]> {
  const { attemptsFile, waitMs, signal, say } = options
  const untilMs = Date.now() + waitMs
  say(`waiting for it, at most ${waitMs / 1_000} s (--wait)`)
  await using mcp = await McpClient.meet(options.url, options.plan.protocol, options.client, signal)
  for (;;) {
    const seen = await seenLinks(attemptsFile)
    const missing = broken.filter((name) => !seen.has(name))
    if (missing.length === 0 || Date.now() >= untilMs || signal.aborted) return missing
    for (const name of missing) await ask(mcp, readThatNeeds(options.plan, name), options.plan)
    await wait(LOOK_EVERY_MS, undefined, { signal }).catch(() => undefined)
  }
}

/** Pools connect when they are asked, not before. What it answers does not matter. */
async function ask(mcp: McpClient, call: PlannedCall | undefined, { roles }: Plan): Promise<void> {
  const tool = call && roles[call.role]?.tool
  if (call && tool !== undefined) await mcp.call(tool, call.arguments).catch(() => undefined)
}

/** The first planned call that reads there. */
function readThatNeeds({ agents, roles }: Plan, name: string): PlannedCall | undefined {
  for (const { tasks } of agents)
    for (const { calls } of tasks)
      for (const call of calls) {
        const reads = call.role !== 'write' && call.role !== 'money' && call.credential === undefined
        if (reads && roles[call.role]?.needs.some((need) => need.split(':')[0] === name)) return call
      }
  return undefined
}

async function seenLinks(attemptsFile: string): Promise<Set<string>> {
  const text = await readFile(attemptsFile, 'utf8').catch(() => '')
  const whole = text.slice(0, text.lastIndexOf('\n') + 1)
  return new Set(
    whole
      .split('\n')
      .filter(Boolean)
      .map((line) => (JSON.parse(line) as AttemptLine).link),
  )
}
