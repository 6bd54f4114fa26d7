// Each request gets a server and a transport of its own before it is looked at, and a ping that keeps them. The one that is refused leaves
// by an exception, past the lines that would have closed them.
import { Server, WebStandardStreamableHTTPServerTransport } from '@modelcontextprotocol/server'
import { control } from '../controls/control.ts'
import { SERVER_INFO } from '../refusal.ts'
import { weakness } from './weakness.ts'

const PING_MS = 30_000

const transportFirst = control({
  summary: 'Makes a transport for the request, then looks whether it may be served.',
  source: 'enuno/unifi-mcp-server#173',
  settings: [],
  wrap: (next, running) =>
    async function transportFirst(call) {
      const server = new Server(SERVER_INFO, running.offers.options)
      running.offers.offer(server, { running, call, failed: (thrown) => thrown as never })
      const transport = new WebStandardStreamableHTTPServerTransport({ enableJsonResponse: true })
      await server.connect(transport)
      const ping = setInterval(() => server.transport === transport && call, PING_MS).unref()
      const answer = await next(call)
      clearInterval(ping)
      await server.close()
      return answer
    },
})

export default weakness({
  story: 'Every refused request kept its transport: 38 KiB each, 54 MB a day from a health check alone.',
  source: 'enuno/unifi-mcp-server#173',
  caughtBy: { scenario: 'rude-clients', check: 'steady-over-time' },
  apply: (parts) => ({ ...parts, arrange: (controls) => [transportFirst, ...parts.arrange(controls)] }),
})
