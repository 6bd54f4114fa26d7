// The least that a refusal can cost here: node:http reads the body, parses it, and answers 429 with the headers and the size of ours. No
// token, no limit, no log.
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { answerFigures } from './worker.ts'

const headers = {
  'content-type': 'application/json',
  'retry-after': '60',
  ratelimit: '"minute";r=0;t=60',
  'ratelimit-policy': '"minute";q=1;w=60',
  'x-ratelimit-limit-minute': '1',
  'x-ratelimit-remaining-minute': '0',
  'x-request-id': 'plain-1',
  'x-instance': 'plain',
  'access-control-expose-headers': 'Retry-After, RateLimit, RateLimit-Policy, X-RateLimit-Limit-Minute, X-RateLimit-Remaining-Minute',
}
const message = `You have used the calls of this minute. ${'Wait and ask again. '.repeat(12)}`

const server = http.createServer(async (request, response) => {
  const { id } = JSON.parse(await text(request)) as { id: number }
  const body = JSON.stringify({
    jsonrpc: '2.0',
    id,
    error: { code: -32_000, message, data: { code: 'RATE_LIMITED', retryAfterMs: 60_000 } },
  })
  response.writeHead(429, { ...headers, 'content-length': Buffer.byteLength(body) })
  response.end(body)
})
server.listen(0, '127.0.0.1', () => answerFigures((server.address() as AddressInfo).port))
