// What the target's own functions give each agent to send: its headers, and the wrong credentials that its plan tries.
import { HarnessError } from '../errors.ts'
import type { Tls } from '../load/driver.ts'
import type { Credentials, LaterHeaders } from '../load/engine.ts'
import type { Plan } from '../plan/plan.ts'
import type { AgentIdentity, Headers, HeadersInTime, Target, TargetContext } from '../target.ts'
import { ofEachAgent } from './each-agent.ts'
import { expiresAtMs } from './expiry.ts'

/** By the agents' index: what each sends from the start, and what takes its place later. */
export interface AgentHeaders {
  first: Headers[]
  later: LaterHeaders[][]
}

/**
 * @param endsAtMs wall-clock ms until which they must hold
 * @throws HarnessError `TARGET_THREW`, `TARGET_HANGS`, `TARGET_INVALID`, `TOKEN_EXPIRES`
 */
export async function agentHeaders(
  { agents = {} }: Target,
  context: TargetContext,
  endsAtMs: number,
  signal?: AbortSignal,
): Promise<AgentHeaders> {
  const startedMs = Date.now()
  const all = await ofEachAgent(context.agents, {
    what: 'agents.headers',
    signal,
    ask: async (identity) => {
      const periods = periodsOf((await agents.headers?.(identity, context)) ?? {})
      for (const { headers, untilMs } of periods) {
        clean('agents.headers', headers)
        assertHolds(identity, headers, startedMs + untilMs, endsAtMs)
      }
      const lastMs = startedMs + (periods.at(-1)?.untilMs ?? 0)
      if (lastMs < endsAtMs) throw expires(identity, endsAtMs - lastMs)
      return periods
    },
  })
  return {
    first: all.map(([first]) => first?.headers ?? {}),
    later: all.map((periods) => periods.slice(1).map(({ headers }, n) => ({ fromMs: periods[n]?.untilMs ?? 0, headers }))),
  }
}

interface Period {
  headers: Headers
  untilMs: number
}

function periodsOf(given: HeadersInTime): Period[] {
  const periods = Array.isArray(given) ? (given as Exclude<HeadersInTime, Headers>) : [{ headers: given as Headers }]
  return periods
    .map(({ headers, untilS = Number.POSITIVE_INFINITY }) => ({ headers, untilMs: untilS * 1_000 }))
    .sort((a, b) => a.untilMs - b.untilMs)
}

/** A token that ends in the middle of its time would make refusals of the server's that are none. */
function assertHolds(
  { agent }: Pick<AgentIdentity, 'agent'>,
  { authorization, Authorization }: Headers,
  untilMs: number,
  endsAtMs: number,
): void {
  const exp = expiresAtMs(authorization ?? Authorization ?? '')
  const neededMs = Math.min(untilMs, endsAtMs)
  const shortMs = neededMs - exp
  if (shortMs > 0) throw expires({ agent }, shortMs)
}

function expires({ agent }: Pick<AgentIdentity, 'agent'>, shortMs: number): HarnessError {
  return new HarnessError(
    'TOKEN_EXPIRES',
    `the token of ${agent} expires ${Math.ceil(shortMs / 1_000)} s before it may stop being used`,
    'mint it for longer, or give one for each stretch of the run: headers: () => [{ untilS: 60, headers: … }, { headers: … }]',
  )
}

/** By the agents' index; empty of those whose plan tries none. @throws HarnessError `TARGET_THREW`, `TARGET_HANGS`, `TARGET_INVALID` */
export async function agentCredentials(
  { agents = {} }: Target,
  plan: Plan,
  context: TargetContext,
  signal?: AbortSignal,
): Promise<Credentials[]> {
  const wanted = plan.agents.map(({ tasks }) => new Set(tasks.flatMap(({ calls }) => calls.flatMap(({ credential }) => credential ?? []))))
  return await ofEachAgent(context.agents, {
    what: 'agents.credentials',
    signal,
    ask: async (identity, index) => {
      const minted: Credentials = {}
      for (const name of wanted[index] ?? []) {
        const given = [(await agents.credentials?.[name]?.(identity, context)) ?? {}].flat()
        for (const headers of given) clean(`agents.credentials.${name}`, headers)
        minted[name] = given
      }
      return minted
    },
  })
}

/** Everything that one agent may send. */
export function sentBy(index: number, { first, later }: AgentHeaders, credentials: readonly Credentials[]): Headers[] {
  return [first[index] ?? {}, ...(later[index] ?? []).map(({ headers }) => headers), ...Object.values(credentials[index] ?? {}).flat()]
}

/** By the agents' index. @throws HarnessError `TARGET_THREW`, `TARGET_HANGS` */
export async function agentTls({ agents = {} }: Target, identities: readonly AgentIdentity[], signal?: AbortSignal): Promise<Tls[]> {
  return await ofEachAgent(identities, { what: 'agents.tls', signal, ask: async (identity) => (await agents.tls?.(identity)) ?? {} })
}

function clean(what: string, headers: Headers): Headers {
  const broken = Object.entries(headers).find(([, value]) => /[\r\n\0]/.test(value))
  if (!broken) return headers
  throw new HarnessError(
    'TARGET_INVALID',
    `${what} gave a ${broken[0]} with a line break in it`,
    'trim it: tokens read from files often end in one',
  )
}

/** Several agents with one token: what a server limits by agent, it limits for all of them together. */
export function oneForAll({ first }: AgentHeaders): string | undefined {
  const identities = new Set(first.map((headers) => JSON.stringify(headers)))
  if (identities.size === first.length || identities.has('{}')) return undefined
  const are = identities.size === 1 ? 'one agent' : `${identities.size} agents`
  return `the ${first.length} agents share ${identities.size} ${identities.size === 1 ? 'token' : 'tokens'}: to the server they are ${are}, whose limits hold them back together`
}
