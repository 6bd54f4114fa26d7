// ContextForge as contextforge.ts has it, with a user and an address for each agent (an ingress says the address; the gateway believes
// whoever says it), ten requests a minute instead of a hundred, and its limiter in Redis, which it is only where RATELIMITER_REDIS_URL
// or CACHE_TYPE=redis says so. At most AGENTS of them: each is made through its API before the run begins, and has a token signed as
// it signs its own. Install: node tools/examples/install.mjs contextforge toolbox. What was found: docs/wild.md.
import { type AgentIdentity, type TargetContext, target } from '../../../harness/target.ts'
import contextforge, { SECRETS, TOKEN } from './contextforge.ts'

const AGENTS = 8
const RATE = 10
const own = contextforge.start?.env
const { cheapRead, expensiveRead } = contextforge.tools ?? {}

export default target({
  ...contextforge,
  agents: {
    count: AGENTS,
    headers: async ({ index }: AgentIdentity) => ({
      authorization: `Bearer ${await tokenOf(index)}`,
      'x-forwarded-for': `10.9.0.${index + 1}`,
    }),
  },
  tools: {
    ...(cheapRead && { cheapRead: { ...cheapRead, needs: ['postgres:customers', 'redis'] } }),
    ...(expensiveRead && { expensiveRead: { ...expensiveRead, needs: ['postgres:invoices', 'redis'] } }),
  },
  declared: { perAgent: { ratePerMinute: RATE, burst: RATE } },
  start: {
    ...contextforge.start,
    command: contextforge.start?.command ?? '',
    env: (context: TargetContext) => ({
      ...own?.(context),
      RATELIMITER_REDIS_URL: `redis://${context.at.redis}/0`,
      RATE_LIMIT_MEDIUM_RPM: String(RATE),
      USERS: String(AGENTS),
    }),
  },
})

/** The administrator's token, for somebody else: `sub` is what the gateway looks at. */
async function tokenOf(index: number): Promise<string> {
  const [header = '', payload = ''] = TOKEN.split('.')
  const email = `agent-${index}@example.com`
  const { user, ...rest } = JSON.parse(Buffer.from(payload, 'base64url').toString()) as { user: object }
  const body = Buffer.from(JSON.stringify({ ...rest, sub: email, jti: email, user: { ...user, email } })).toString('base64url')
  const algorithm = { name: 'HMAC', hash: 'SHA-256' }
  const key = await crypto.subtle.importKey('raw', Buffer.from(SECRETS.JWT_SECRET_KEY), algorithm, false, ['sign'])
  const signature = await crypto.subtle.sign('HMAC', key, Buffer.from(`${header}.${body}`))
  return `${header}.${body}.${Buffer.from(signature).toString('base64url')}`
}
