// Whatever goes wrong, somebody is told: an agent's own mistake, a limit that works, a caller that went away.
import { weakness } from './weakness.ts'

const EVERY_ERROR = `
  - name: errors
    rules:
      - alert: ErrorsSeen
        expr: sum(increase(mcp_server_operation_duration_seconds_count{status!="success"}[5m])) > 0
        labels: { severity: page, owner: platform }
        annotations: { summary: 'There are errors', runbook: 'runbook.md' }
`

export default weakness({
  story: 'The pager rang at every wrong argument. In the second week it was muted; the outage of the third was told by a customer.',
  source: 'SRE ch. 6, "Monitoring Distributed Systems"; seed 1, "Observability"',
  caughtBy: { scenario: 'baseline', check: 'alerts-fire' },
  apply: (parts) => ({ ...parts, alertRules: `${parts.alertRules}${EVERY_ERROR}` }),
})
