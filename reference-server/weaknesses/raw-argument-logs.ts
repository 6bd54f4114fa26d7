// The log line has the arguments, since that helps when something goes wrong.
import { loggingMore, weakness } from './weakness.ts'

export default weakness({
  story: 'Customers’ names and card numbers were found in the log aggregator, readable by everybody with a dashboard.',
  source: 'seed 1, mistake 3: PII in the aggregator',
  caughtBy: { scenario: 'baseline', check: 'nothing-leaks' },
  apply: (parts) =>
    loggingMore(parts, ({ call, requestId }, log) => {
      if (call?.arguments) log.event('arguments', { request_id: requestId, arguments: call.arguments })
    }),
})
