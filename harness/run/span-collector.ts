// A collector of the run's own for the server's spans: OTLP over HTTP with JSON at /v1/traces, on loopback, written to raw/spans.ndjson.
//
// Bounded: bodies of 4 MB (16 MB unpacked), eight at once, 32 MB of lines in all, whatever the run's length (trace-sieve.ts).
// An exporter is answered once its spans are written, so that a slow disk is felt there and fills no memory here.
// Source: OpenTelemetry, "OTLP specification" (OTLP/HTTP: 200, 400, 413, 415, 503 with Retry-After).
// Not modelled: protobuf (refused with 415 and a sentence), gRPC, metrics and logs (404).
import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { promisify } from 'node:util'
import { gunzip } from 'node:zlib'
import { HarnessError } from '../errors.ts'
import type { CollectedSpans } from '../history/manifest.ts'
import type { SpanLine } from '../history/raw-line.ts'
import { LineFile } from './line-file.ts'
import { spansIn } from './otlp.ts'
import { TraceSieve } from './trace-sieve.ts'

const BODY_MAX_BYTES = 4_194_304
/** Of a refused request; more of it is cut off. */
const UNREAD_MAX_BYTES = 67_108_864
const UNPACKED_MAX_BYTES = 16_777_216
const AT_ONCE_MAX = 8
const CONNECTIONS_MAX = 64
const REQUEST_MS = 10_000
const ROOM_BYTES = 33_554_432
const JSON_ONLY =
  'this collector takes OTLP as JSON, not as protobuf: set OTEL_EXPORTER_OTLP_PROTOCOL=http/json, or use the exporter for http with JSON'

export interface SpanCollectorOptions {
  file: string
  /** Port that it listens on; without it a free one. */
  port?: number
  /** Told each body, whole, whatever is kept of it. */
  look?: (text: string) => void
  /** Bytes of lines that are kept at most. */
  roomBytes?: number
}

export interface SpanCollector extends AsyncDisposable {
  /** `http://127.0.0.1:port`: what OTEL_EXPORTER_OTLP_ENDPOINT takes. */
  url: string
  /** What has come; kept up to date. */
  collected: CollectedSpans
}

/** @throws HarnessError `PORT_IN_USE` */
export async function openSpanCollector({ file, port = 0, look, roomBytes = ROOM_BYTES }: SpanCollectorOptions): Promise<SpanCollector> {
  const collected: CollectedSpans = { received: 0, kept: 0, oneIn: 1, refused: 0 }
  const sieve = new TraceSieve(roomBytes)
  const server = createServer({ requestTimeout: REQUEST_MS })
  server.maxConnections = CONNECTIONS_MAX
  await listening(server, port)
  const lines = await LineFile.create<SpanLine>(file)
  const keep = async (text: string): Promise<void> => {
    look?.(text)
    const spans = spansIn(parsed(text))
    if (!spans) throw new Refused(400, 'the body is no ExportTraceServiceRequest')
    const kept = spans.filter((span) => sieve.keeps(span, JSON.stringify(span).length + 1))
    collected.received += spans.length
    collected.kept += kept.length
    collected.oneIn = sieve.oneIn
    if (kept.length === 0) return
    lines.appendAll(kept)
    await lines.flush()
  }
  let underWay = 0
  const take = async (request: IncomingMessage): Promise<void> => {
    if (underWay >= AT_ONCE_MAX) throw new Refused(503, `${AT_ONCE_MAX} requests are being taken: send it again in a second`)
    underWay++
    try {
      await keep(await textOf(request))
    } finally {
      underWay--
    }
  }
  server.on('request', (request, response) => {
    take(request).then(
      () => answer(response, 200, {}),
      async (error: unknown) => {
        await readToEnd(request)
        const { status, message } = error instanceof Refused ? error : new Refused(500, (error as Error).message)
        collected.refused++
        collected.because ??= `${status}, ${message}`
        answer(response, status, { code: status, message })
      },
    )
  })
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    collected,
    async [Symbol.asyncDispose]() {
      server.close()
      server.closeAllConnections()
      await lines[Symbol.asyncDispose]()
    },
  }
}

/** What an exporter is told: 503 alone is worth another try. */
class Refused extends Error {
  readonly status: number

  constructor(status: number, message: string) {
    super(message)
    this.status = status
  }
}

async function listening(server: Server, port: number): Promise<void> {
  const { promise: failed, reject } = Promise.withResolvers<never>()
  server.once('error', reject)
  server.listen(port, '127.0.0.1')
  await Promise.race([once(server, 'listening'), failed]).catch((error: unknown) => {
    const hint = 'stop what listens there, or choose another in observe.spans.port'
    throw new HarnessError('PORT_IN_USE', `no spans can be taken at port ${port}: it is in use`, hint, error)
  })
}

async function textOf(request: IncomingMessage): Promise<string> {
  const { 'content-type': type = '', 'content-encoding': packing = 'identity' } = request.headers
  if (request.url?.split('?')[0] !== '/v1/traces') throw new Refused(404, 'this collector takes spans alone, at /v1/traces')
  if (request.method !== 'POST') throw new Refused(405, 'spans are posted')
  if (!/^application\/json\b/i.test(type)) throw new Refused(415, JSON_ONLY)
  if (packing !== 'identity' && packing !== 'gzip') throw new Refused(415, `this collector unpacks gzip, not ${packing.slice(0, 20)}`)
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of chunksOf(request)) {
    bytes += chunk.length
    if (bytes > BODY_MAX_BYTES) throw new Refused(413, `a request may have ${BODY_MAX_BYTES} bytes: send fewer spans at once`)
    chunks.push(chunk)
  }
  const body = Buffer.concat(chunks)
  if (packing === 'identity') return body.toString()
  const unpacked = await promisify(gunzip)(body, { maxOutputLength: UNPACKED_MAX_BYTES }).catch(() => {
    throw new Refused(400, `the body is no gzip, or has more than ${UNPACKED_MAX_BYTES} bytes unpacked`)
  })
  return unpacked.toString()
}

/** They may be left in the middle, and taken up again. */
function chunksOf(request: IncomingMessage): AsyncIterable<Buffer> {
  return request.iterator({ destroyOnReturn: false })
}

/** Who is still sending when the connection closes meets a reset, and never reads why. So what is refused is read first, into nothing. */
async function readToEnd(request: IncomingMessage): Promise<void> {
  if (request.readableEnded) return
  let bytes = 0
  try {
    for await (const { length } of chunksOf(request)) {
      bytes += length
      if (bytes > UNREAD_MAX_BYTES) return
    }
  } catch {
    // They have gone: nobody waits for the answer.
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new Refused(400, 'the body is no JSON')
  }
}

function answer(response: ServerResponse, status: number, body: object): void {
  const closing = status === 200 ? {} : { connection: 'close' }
  const later = status === 503 ? { 'retry-after': '1' } : {}
  response.writeHead(status, { 'content-type': 'application/json', ...closing, ...later }).end(JSON.stringify(body))
}
