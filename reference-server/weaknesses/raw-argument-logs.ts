// The log line has the arguments, since that helps when something goes wrong.
import { weakness } from './weakness.ts'

export default weakness({
  story: 'Customers’ names and card numbers were found in the log aggregator, readable by everybody with a dashboard.',
  source: 'seed 1, mistake 3: PII in the aggregator',
  caughtBy: { scenario: 'baseline', check: 'nothing-leaks' },
  apply: (parts) => ({
    ...parts,
    log: {
      ...parts.log,
      request(line) {
        parts.log.request(line)
        if (line.call?.arguments) parts.log.event('arguments', { request_id: line.requestId, arguments: line.call.arguments })
      },
    },
  }),
})
