// What the target's own functions give each agent to send: its headers, and the wrong credentials that its plan tries.
import { asked, HarnessError } from '../errors.ts'
import type { Tls } from '../load/driver.ts'
import type { Credentials } from '../load/engine.ts'
import type { Credential, Plan } from '../plan/plan.ts'
import type { AgentIdentity, Target, TargetContext } from '../target.ts'

type Headers = Record<string, string>

/** By the agents' index. @throws HarnessError `TARGET_THREW`, `TARGET_INVALID` */
export async function agentHeaders({ agents = {} }: Target, context: TargetContext): Promise<Headers[]> {
  return Promise.all(
    context.agents.map(async (identity) =>
      clean('agents.headers', await asked('agents.headers', async () => (await agents.headers?.(identity, context)) ?? {})),
    ),
  )
}

/** By the agents' index; empty of those whose plan tries none. @throws HarnessError `TARGET_THREW`, `TARGET_INVALID` */
export async function agentCredentials({ agents = {} }: Target, plan: Plan, context: TargetContext): Promise<Credentials[]> {
  const wanted = plan.agents.map(({ tasks }) => new Set(tasks.flatMap(({ calls }) => calls.flatMap(({ credential }) => credential ?? []))))
  return Promise.all(
    context.agents.map(async (identity, index) => {
      const minted: Credentials = {}
      for (const name of wanted[index] ?? []) minted[name] = await mint(agents.credentials ?? {}, name, identity, context)
      return minted
    }),
  )
}

/** By the agents' index. @throws HarnessError `TARGET_THREW` */
export async function agentTls({ agents = {} }: Target, identities: readonly AgentIdentity[]): Promise<Tls[]> {
  return Promise.all(identities.map(async (identity) => await asked('agents.tls', async () => (await agents.tls?.(identity)) ?? {})))
}

async function mint(
  credentials: NonNullable<NonNullable<Target['agents']>['credentials']>,
  name: Credential,
  identity: AgentIdentity,
  context: TargetContext,
): Promise<Headers> {
  const what = `agents.credentials.${name}`
  return clean(what, await asked(what, async () => (await credentials[name]?.(identity, context)) ?? {}))
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
