// What the service behind this server knows of the calling user, read with the user's own rights: of all tools the one that must not
// be answered with a key of the server's. There only where callers have tokens of an identity provider (AUTH=oauth, mtls) and this
// server is a client of it (auth/token-exchange.ts).
import { z } from 'zod'
import { tool } from './tool.ts'

export const getUpstreamProfile = tool('get_upstream_profile', {
  description: 'Says who you are to the service behind this server: your name there and your plan. It sees your own rights only.',
  class: 'read',
  cost: 'cheap',
  scopes: [],
  needs: ['upstream:profile'],
  deadlineMs: 3_000,
  sloMs: 1_500,
  input: z.strictObject({}),
  output: z.object({ subject: z.string(), name: z.string(), plan: z.string() }),
  async run(_, { asUser }) {
    return { structured: { ...(await asUser.profile()) } }
  },
})
