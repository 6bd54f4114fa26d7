// The proxy by hand, over HTTP on loopback, for whoever sits at the same machine:
//   curl $ADMIN/links
//   curl -H 'content-type: application/json' $ADMIN/links/postgres/toxics -d '{"toxic":"latency","parameters":{"delayMs":300}}'
//   curl -X DELETE $ADMIN/links/postgres/toxics/1
// No token: it listens on 127.0.0.1 alone. Against pages in a browser on that machine it wants JSON (which no page may send
// without asking first) and a Host that is an address (which no name of a page's own becomes).
import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { ProxyLink } from './link.ts'
import { flawOf } from './toxic-words.ts'
import type { AddedToxic } from './toxics.ts'

const BODY_BYTES = 4_096
const LOCAL_HOST = /^(127\.0\.0\.1|\[::1\]|localhost)(:\d+)?$/

class Refusal extends Error {
  readonly status: number

  constructor(status: number, message: string) {
    super(message)
    this.status = status
  }
}

/** @param told says what somebody did, so that the run's record has it */
export async function openAdmin(
  links: ReadonlyMap<string, ProxyLink>,
  told: (text: string) => void,
): Promise<{ server: Server; url: string }> {
  const server = createServer({ requestTimeout: 5_000 }, (request, response) => {
    answer(request, links, told)
      .then((body) => send(response, 200, body))
      .catch((error: Error) => send(response, error instanceof Refusal ? error.status : 500, { error: error.message }))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  server.unref()
  return { server, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` }
}

async function answer(request: IncomingMessage, links: ReadonlyMap<string, ProxyLink>, told: (text: string) => void): Promise<unknown> {
  if (!LOCAL_HOST.test(request.headers.host ?? '')) throw new Refusal(403, 'only as 127.0.0.1 or localhost')
  const [, what, name = '', toxics, id] = (request.url ?? '').split('/')
  if (what !== 'links') throw new Refusal(404, 'there is /links, /links/<name> and /links/<name>/toxics')
  if (name === '') return [...links.values()].map(describe)
  const link = links.get(name)
  if (!link) throw new Refusal(404, `there is no link ${name}; there is ${[...links.keys()].join(', ')}`)
  if (request.method === 'GET') return describe(link)
  if (request.method === 'POST' && toxics === 'toxics') {
    const added = await wanted(request)
    const toxicId = await link.add(added)
    told(`toxic ${added.toxic} ${JSON.stringify(added.parameters)} was added by hand at link ${name}`)
    return { id: toxicId, ...added }
  }
  if (request.method === 'DELETE' && toxics === 'toxics' && /^\d+$/.test(id ?? '')) {
    if (!link.toxics.some((toxic) => toxic.id === Number(id))) throw new Refusal(404, `link ${name} has no toxic ${id}`)
    await link.remove(Number(id))
    told(`toxic ${id} was removed by hand at link ${name}`)
    return describe(link)
  }
  throw new Refusal(405, 'GET a link, POST to its toxics, DELETE one of them')
}

async function wanted(request: IncomingMessage): Promise<AddedToxic> {
  if (!request.headers['content-type']?.startsWith('application/json')) throw new Refusal(415, 'content-type: application/json')
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length
    if (bytes > BODY_BYTES) throw new Refusal(413, `at most ${BODY_BYTES} bytes`)
    chunks.push(chunk)
  }
  try {
    const given: unknown = JSON.parse(Buffer.concat(chunks).toString())
    const flaw = flawOf(given)
    if (flaw === undefined) return given as AddedToxic
    throw new Refusal(400, flaw)
  } catch (error) {
    throw error instanceof Refusal ? error : new Refusal(400, `not JSON: ${(error as Error).message}`)
  }
}

function describe(link: ProxyLink) {
  return { name: link.name, ...link.addresses, to: link.to, connections: link.connections, heldBytes: link.heldBytes, toxics: link.toxics }
}

function send(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(`${JSON.stringify(body)}\n`)
}
