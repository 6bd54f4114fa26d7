// A valid token may call everything.
import { scopes } from '../controls/scopes.ts'
import { weakness } from './weakness.ts'

export default weakness({
  story: 'A read token for a dashboard refunded orders: it was checked that the token was valid, not what it was for.',
  source: 'OWASP API5:2023, "Broken Function Level Authorization"; MCP 2026-07-28, authorization',
  caughtBy: { scenario: 'auth-storm', check: 'auth-truthful' },
  apply: (parts) => ({ ...parts, arrange: (controls) => controls.filter((one) => one !== scopes) }),
})
