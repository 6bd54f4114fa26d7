// The undici driver's process: reads its part of the plan, waits, and then follows the timelines of its agents. A process of its
// own, so that neither a busy harness delays the load nor it the harness's clock. It ends with the harness: when that dies in any
// way, the channel closes.
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Persona, PersonaDefinition } from '../../persona.ts'
import type { Plan, PlannedAgent } from '../../plan/plan.ts'
import type { Engine } from '../engine.ts'
import { agentFacts, type FleetFacts } from '../facts.ts'
import { followTimeline } from '../timeline.ts'
import { Connections } from './connection.ts'
import { LineFile } from './line-file.ts'
import type { Order, Reply, Request } from './messages.ts'
import { RateCap } from './rate-cap.ts'

/** Time for every agent to begin its wait before the first planned moment, ms. */
const LEAD_MS = 200
/** As an interrupted k6 ends. */
const INTERRUPTED = 105

interface Prepared {
  order: Order
  plan: Plan
  personas: Map<string, PersonaDefinition>
  lines: LineFile
}

let prepared: Prepared | undefined

process.on('disconnect', () => process.exit(INTERRUPTED))
process.on('SIGINT', () => {
  prepared?.lines.close()
  process.exit(INTERRUPTED)
})
process.on('message', (request: Request) => {
  carryOut(request).catch((error: Error) => {
    process.stderr.write(`${error.stack ?? error}\n`)
    if (request.do === 'prepare') answer({ said: 'problem', text: error.message })
    else process.exit(1)
  })
})

async function carryOut(request: Request): Promise<void> {
  if (request.do === 'prepare') {
    prepared = await prepare(request.order)
    answer({ said: 'ready' })
  } else if (prepared) {
    await follow(prepared)
    process.exit(0)
  }
}

async function prepare(order: Order): Promise<Prepared> {
  const plan = JSON.parse(await readFile(order.planFile, 'utf8')) as Plan
  const personas = new Map<string, PersonaDefinition>()
  for (const { id, path: file, exportName } of order.personas) {
    const module = (await import(pathToFileURL(path.resolve(file)).href)) as Record<string, Persona | PersonaDefinition>
    const found = module[exportName]
    if (!found) throw new Error(`${file} has no ${exportName}`)
    // Constructors such as steady(…) carry their definition.
    personas.set(id, 'definition' in found ? found.definition : found)
  }
  return { order, plan, personas, lines: new LineFile(order.linesFile) }
}

async function follow({ order, plan, personas, lines }: Prepared): Promise<void> {
  const { share, facts, tls, ratePerSecond } = order
  const t0Ms = Date.now() + LEAD_MS
  lines.write(JSON.stringify({ kind: 'start', atMs: t0Ms }))
  const cap = ratePerSecond === undefined ? undefined : new RateCap(ratePerSecond)
  const own = plan.agents.filter((_, position) => position % share.of === share.part)
  await Promise.all(
    own.map(async (agent) => {
      const persona = personas.get(agent.persona)
      if (!persona) throw new Error(`no persona ${agent.persona}`)
      const connections = new Connections(facts.url, tls[agent.index], cap)
      await followTimeline(agent, persona, agentFacts(facts, plan, ownOf(facts, agent), t0Ms), engineOf(connections, lines))
      await connections.close()
    }),
  )
  lines.close()
}

function ownOf({ headers, later, credentials, perSecond }: FleetFacts, { index }: PlannedAgent) {
  return { perSecond: perSecond[index], headers: headers[index], later: later[index], credentials: credentials[index] }
}

function engineOf(connections: Connections, lines: LineFile): Engine {
  return {
    nowMs: () => Date.now(),
    wait: (ms) => (ms <= 0 ? Promise.resolve() : until(Date.now() + ms)),
    post: (request, timeoutMs, keepMs, read) => connections.post(request, timeoutMs, keepMs, read),
    write: (line) => lines.write(line),
    streams: connections.streams,
  }
}

/** Timers may fire a millisecond early. */
function until(atMs: number): Promise<void> {
  return new Promise((resolve) => {
    const look = () => {
      const leftMs = atMs - Date.now()
      if (leftMs <= 0) resolve()
      else setTimeout(look, leftMs)
    }
    look()
  })
}

function answer(message: Reply): void {
  if (process.connected) process.send?.(message, () => {})
}
