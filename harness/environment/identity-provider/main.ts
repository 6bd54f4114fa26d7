// The identity provider's process (identity-provider.ts tells what it is for).
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { listen, openDoor, settingsOf } from '../worker-door.ts'
import { type Client, Issuer, REFUSED } from './issuer.ts'

const BODY_MAX_BYTES = 16_384

const { clients = [], port: wanted = 0, doorPort = 0 } = settingsOf<{ clients?: Client[]; port?: number; doorPort?: number }>()
const issuer = await Issuer.create(clients)
/** Requests for the key set; the harness's own canaries are left out. */
let keySet = 0
const server = createServer((request, response) => {
  answer(request).then(
    ({ status, body }) => send(response, status, body),
    (error: Error) => send(response, 400, { error: 'invalid_request', error_description: error.message }),
  )
})

async function answer(request: IncomingMessage): Promise<{ status: number; body: unknown }> {
  const path = request.url?.split('?')[0]
  if (path === '/.well-known/openid-configuration' || path === '/.well-known/oauth-authorization-server')
    return { status: 200, body: issuer.metadata() }
  if (path === '/jwks') {
    if (request.headers['x-stampede-canary'] === undefined) keySet += 1
    return { status: 200, body: issuer.keySet() }
  }
  if (path !== '/token' || request.method !== 'POST') return { status: 404, body: { error: 'not_found' } }
  const granted = await issuer.grant(request.headers.authorization, new URLSearchParams(await bodyOf(request)))
  return REFUSED in granted ? { status: granted[REFUSED], body: { error: granted.error } } : { status: 200, body: granted }
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  let text = ''
  for await (const chunk of request) {
    text += String(chunk)
    if (text.length > BODY_MAX_BYTES) throw new Error('the request is too long')
  }
  return text
}

function send(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store' }).end(JSON.stringify(body))
}

const address = await listen(server, wanted)
issuer.url = `http://${address}`
await openDoor(
  address,
  {
    publish: ({ url }: { url: string }) => {
      issuer.url = url
    },
    rotate: ({ forget }: { forget: boolean }) => issuer.rotate(forget),
    token: (claims: Record<string, unknown>) => issuer.sign(claims),
    counts: () => ({ keySet }),
    pause: () => {
      server.close()
      server.closeAllConnections()
    },
    resume: async () => {
      if (!server.listening) await listen(server, Number(address.split(':')[1]))
    },
  },
  doorPort,
)
