// Who the reference server's agents are. Pattern A by default: a key each, the same on every machine. Where the scenario
// asks for an identity provider, pattern B: access tokens of the run's own issuer, for this server's address. And what an
// intruder shows instead, each wrong in one way: minted before the load begins; what is to be revoked is good until then.
import pg from 'pg'
import type { AgentIdentity, Headers, Shown, TargetContext } from '../../harness/target.ts'

const SCOPES = ['mcp:tools:read', 'mcp:tools:query', 'mcp:tools:write', 'mcp:tools:money']
/** The server's name for its callers: that of no instance. */
const AUDIENCE = 'https://ledger-desk.example/v1/mcp'
const OUT_OF_DATE_S = -3_600
const ANSWER_MS = 5_000
/** One intruder's: none comes again before a server may have forgotten it. */
const UNKNOWN_KEYS = 64

type Mint = (identity: AgentIdentity, context: TargetContext) => Promise<Headers>

/** What the server must know of its callers: settings of its environment. */
export function callersOf(context: TargetContext): Record<string, string> {
  const { agents } = context
  const rows = agents.flatMap((identity) => {
    const { agent, tenant, priority } = identity
    const row = { agent, tenant, scopes: SCOPES, ...(priority && { priority }) }
    const own = { ...row, keyId: keyIdOf(identity), secret: secretOf(identity) }
    if (!agent.startsWith('intruder-')) return [own]
    const readsOnly = { ...own, keyId: keyIdOf(identity, 'reads'), scopes: ['mcp:tools:read'] }
    return [own, readsOnly, { ...own, keyId: keyIdOf(identity, 'revoked') }]
  })
  return {
    SEED_AGENTS: JSON.stringify(rows),
    ...(hasProvider(context) && { AUTH: 'oauth', OAUTH_ISSUER: issuerOf(context), OAUTH_AUDIENCE: AUDIENCE }),
  }
}

const headers: Mint = async (identity, context) => bearer(hasProvider(context) ? await token(identity, context) : keyOf(identity))

/** With keys there is nothing that expires or names a server: such a key is one that nobody knows. */
const credentials: Partial<Record<string, (...asked: Parameters<Mint>) => Promise<Shown>>> = {
  malformed: async () => bearer('eyJhbGciOiJub25lIn0.not-a-token'),
  expired: async (identity, context) =>
    bearer(hasProvider(context) ? await token(identity, context, { expires_in: String(OUT_OF_DATE_S) }) : keyOf(identity, 'unknown')),
  'wrong-audience': async (identity, context) =>
    bearer(
      hasProvider(context) ? await token(identity, context, { resource: 'https://elsewhere.example/mcp' }) : keyOf(identity, 'unknown'),
    ),
  'wrong-scope': async (identity, context) =>
    bearer(hasProvider(context) ? await token(identity, context, { scope: 'mcp:tools:read' }) : keyOf(identity, 'reads')),
  'new-key': async (identity, context) => bearer(hasProvider(context) ? await token(identity, context, { key: 'next' }) : keyOf(identity)),
  'unknown-key': async (identity, context) =>
    hasProvider(context) ? await several(() => token(identity, context, { key: 'unknown' })) : bearer(keyOf(identity, 'unknown')),
  revoked: async (identity, context) =>
    bearer(hasProvider(context) ? await token(identity, context, { jti: keyIdOf(identity, 'revoked') }) : keyOf(identity, 'revoked')),
}

export const agents = { headers, credentials, revoke } as const

function hasProvider({ settings, at }: TargetContext): boolean {
  return settings.identityProvider === 1 && at['identity-provider'] !== undefined
}

function issuerOf({ at }: TargetContext): string {
  return `http://${at['identity-provider']}`
}

async function several(mint: () => Promise<string>): Promise<Headers[]> {
  return (await Promise.all(Array.from({ length: UNKNOWN_KEYS }, mint))).map(bearer)
}

/** From the provider, by client credentials (RFC 6749 §4.4), for what the form says. */
async function token({ agent }: AgentIdentity, context: TargetContext, more: Record<string, string> = {}): Promise<string> {
  const form = { grant_type: 'client_credentials', client_id: agent, resource: AUDIENCE, scope: SCOPES.join(' '), ...more }
  const answer = await fetch(`${issuerOf(context)}/token`, {
    method: 'POST',
    body: new URLSearchParams(form),
    signal: AbortSignal.timeout(ANSWER_MS),
  })
  const { access_token: granted } = (await answer.json()) as { access_token?: string }
  if (granted === undefined) throw new Error(`the identity provider answered ${answer.status} to ${agent}`)
  return granted
}

/** As an operator does it, in Postgres: every instance reads it there within a second. */
async function revoke(identity: AgentIdentity, { at, given }: TargetContext): Promise<void> {
  const id = keyIdOf(identity, 'revoked')
  const client = new pg.Client({
    connectionString: given.postgres ?? `postgres://postgres@${at.postgres}/postgres`,
    connectionTimeoutMillis: ANSWER_MS,
    statement_timeout: ANSWER_MS,
  })
  await client.connect()
  try {
    await client.query('insert into desk.revoked_tokens (id) values ($1) on conflict (id) do nothing', [id])
    await client.query('update desk.agent_keys set revoked_at = now() where key_id = $1', [id])
  } finally {
    await client.end()
  }
}

function keyOf(identity: AgentIdentity, which = ''): string {
  return `mcp_${keyIdOf(identity, which)}_${secretOf(identity)}`
}

function keyIdOf({ index }: AgentIdentity, which = ''): string {
  return which === '' ? `k${index}` : `k${index}-${which}`
}

function secretOf({ index }: AgentIdentity): string {
  return `reference-secret-${String(index).padStart(4, '0')}`
}

function bearer(value: string): Headers {
  return { authorization: `Bearer ${value}` }
}
