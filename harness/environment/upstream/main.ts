// The upstream stub's process (upstream.ts tells what it is for). Requests that carry the canary's header are counted apart, and
// draw from a row of their own, so that a canary never shifts what the server under test gets.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { createDraw, type Draw } from '../../plan/draw.ts'
import type { Hit, UpstreamBehaviour } from '../service.ts'
import { listen, openDoor, settingsOf } from '../worker-door.ts'
import { rateOf } from './rates.ts'

const CONNECTIONS_MAX = 4_096
const HITS_MAX = 200_000
const SANE_ID = /^[\w.:-]{1,128}$/

interface InForce {
  id: number
  behaviour: UpstreamBehaviour
  draws: Record<Caller, Draw>
}

type Caller = 'server' | 'canary'

const { port = 0, doorPort = 0 } = settingsOf<{ port?: number; doorPort?: number }>()
const counts: Record<Caller, number> = { server: 0, canary: 0 }
let inForce: InForce[] = []
/** Removed, perhaps before their turn had come: an order can be overtaken. */
const over = new Set<number>()
/** Answers that are held back, and what ends each when its behaviour does. */
const held = new Map<ServerResponse, { id: number; end: () => void }>()

const server = createServer((request, response) => {
  const caller: Caller = request.headers['x-stampede-canary'] === undefined ? 'server' : 'canary'
  counts[caller] += 1
  request.resume()
  if (caller === 'server') remember(request, response)
  answer(request, response, caller, inForce.at(-1))
})
server.maxConnections = CONNECTIONS_MAX

const hits: Hit[] = []

/** Once it is over, whatever its end. */
function remember({ headers }: IncomingMessage, response: ServerResponse): void {
  const atMs = Date.now()
  const { 'x-request-id': id, traceparent } = headers
  const trace = /^[0-9a-f]{2}-([0-9a-f]{32})-/.exec(String(traceparent))?.[1]
  response.once('close', () => {
    if (hits.length >= HITS_MAX) return
    const status = response.headersSent ? response.statusCode : 0
    hits.push({ atMs, status, ...(typeof id === 'string' && SANE_ID.test(id) && { call: id }), ...(trace !== undefined && { trace }) })
  })
}

function answer(request: IncomingMessage, response: ServerResponse, caller: Caller, now: InForce | undefined): void {
  const { status, body } = pageOf(request)
  const behaviour = now?.behaviour
  if (now && behaviour?.kind === 'hang') hold(response, now.id, () => response.destroy())
  else if (now && behaviour?.kind === 'trickle')
    trickle(response, now.id, behaviour.bytesPerSecond, status, Buffer.from(JSON.stringify(body)))
  else if (behaviour?.kind === 'throttled')
    send(response.setHeader('retry-after', String(behaviour.retryAfterS)), 429, { error: 'too many requests' })
  else if (behaviour?.kind === 'errors' && now?.draws[caller].chance(behaviour.share))
    send(response, behaviour.status, { error: 'the upstream is unwell' })
  else send(response, status, body)
}

function pageOf(request: IncomingMessage): { status: number; body: unknown } {
  // Not every path is an address: `///` is none.
  const url = URL.parse(request.url ?? '/', 'http://upstream')
  if (url?.pathname !== '/rate') return { status: url?.pathname === '/' ? 200 : 404, body: { serves: '/rate?base=EUR&quote=USD' } }
  const [base, quote] = [url.searchParams.get('base') ?? '', url.searchParams.get('quote') ?? '']
  const rate = rateOf(base, quote)
  if (rate === 'bad') return { status: 400, body: { error: 'base and quote are currency codes' } }
  if (rate === 'unknown') return { status: 404, body: { error: 'there is no rate for these currencies' } }
  return { status: 200, body: { base, quote, rate } }
}

function send(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
}

/** Kept until its behaviour ends or its caller has gone. */
function hold(response: ServerResponse, id: number, end: () => void): void {
  held.set(response, { id, end })
  response.once('close', () => held.delete(response))
}

function trickle(response: ServerResponse, id: number, bytesPerSecond: number, status: number, body: Buffer): void {
  response.writeHead(status, { 'content-type': 'application/json', 'content-length': body.length })
  response.flushHeaders()
  let sent = 0
  const timer = setInterval(() => {
    response.write(body.subarray(sent, sent + 1))
    sent += 1
    if (sent === body.length) response.end()
  }, 1_000 / bytesPerSecond)
  response.once('close', () => clearInterval(timer))
  hold(response, id, () => response.end(body.subarray(sent)))
}

const address = await listen(server, port)
await openDoor(
  address,
  {
    behave({ id, behaviour }: { id: number; behaviour: UpstreamBehaviour }) {
      if (over.has(id)) return
      const draw = createDraw('seed' in behaviour ? behaviour.seed : 0, 'upstream')
      inForce.push({ id, behaviour, draws: { server: draw.fork('server'), canary: draw.fork('canary') } })
    },
    remove({ id }: { id: number }) {
      over.add(id)
      inForce = inForce.filter((one) => one.id !== id)
      for (const [response, one] of held) {
        if (one.id !== id) continue
        held.delete(response)
        one.end()
      }
    },
    counts: () => counts,
    // Kept, so that an answer which was lost on its way can be asked for again.
    hitsFrom: ({ from }: { from: number }) => hits.slice(from),
  },
  doorPort,
)
