// The official TypeScript client, second generation: one client an agent, each calling again as soon as it is answered.
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'

const [, , url = '', agents = '32'] = process.argv
await Promise.all(
  Array.from({ length: Number(agents) }, async () => {
    const client = new Client({ name: 'bench', version: '1' }, { versionNegotiation: { mode: { pin: '2026-07-28' } } })
    await client.connect(new StreamableHTTPClientTransport(new URL(url)))
    for (;;) await client.callTool({ name: 'list_tables', arguments: {} })
  }),
)
