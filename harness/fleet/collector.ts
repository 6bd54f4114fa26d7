// The collector: generators on other machines bring their raw lines here, the harness fetches them. One collector, one run, one folder.
//
//   GET  /clock                    this machine's wall clock, for whoever measures its own against it
//   PUT  /parts/<n>?offset=<bytes> appends to raw/load-<n>.ndjson, if the file has exactly so many bytes; else 409 and how many it has
//   POST /said                     one line of raw/generators.ndjson; its moment is the collector's own
//   GET  /status, /files/<name>?offset=<bytes>
//
// Authenticated: a bearer token, compared in constant time. Append-only: bytes are never changed, so a second sender can add damage but
// not hide any. Bounded: the size of a chunk, of all files together, the requests at once, the lines said. It resumes: after a crash on
// either side the sizes of the files say where to go on. Kubernetes rotates a container's log at 10 MiB by default, which is half a
// minute at 10,000 lines a second: hence files and a collector, not `kubectl logs`.
// Not modelled: TLS (put it behind what the cluster has), several runs at once.
import { timingSafeEqual } from 'node:crypto'
import { appendFile, type FileHandle, mkdir, open, stat } from 'node:fs/promises'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import path from 'node:path'
import { generatorLine } from '../history/event-schema.ts'
import { loadFileNames } from '../history/load-files.ts'
import type { GeneratorLine } from '../history/raw-line.ts'

export const CHUNK_BYTES_MAX = 4 << 20
const SAID_BYTES_MAX = 4_096
const SAID_LINES_MAX = 200_000
const SAID = 'generators.ndjson'

export interface CollectorOptions {
  /** Gets raw/. */
  folder: string
  /** How many generators share the plan. */
  of: number
  token: string
  port?: number
  /** Address to listen at; default loopback. */
  host?: string
  /** Of all files together. */
  bytesMax?: number
}

export interface CollectorStatus {
  of: number
  parts: { part: number; bytes: number; greeted: boolean; ended: boolean }[]
}

interface Part {
  file: string
  handle: FileHandle
  bytes: number
  greeted: boolean
  ended: boolean
  /** One append after the other. */
  tail: Promise<unknown>
}

export class Collector implements AsyncDisposable {
  readonly #options: CollectorOptions
  readonly #parts: Part[]
  readonly #server: Server
  #said = 0
  #open = 0

  private constructor(options: CollectorOptions, parts: Part[]) {
    this.#options = options
    this.#parts = parts
    this.#server = createServer((request, response) => {
      this.#answer(request, response).catch(() => response.destroy())
    })
    this.#server.requestTimeout = 60_000
  }

  static async listen(options: CollectorOptions): Promise<Collector> {
    const raw = path.join(options.folder, 'raw')
    await mkdir(raw, { recursive: true })
    const parts = await Promise.all(
      loadFileNames(options.of).map(async (name): Promise<Part> => {
        const file = path.join(raw, name)
        const handle = await open(file, 'a')
        return { file, handle, bytes: (await stat(file)).size, greeted: false, ended: false, tail: Promise.resolve() }
      }),
    )
    const collector = new Collector(options, parts)
    await new Promise<void>((resolve, reject) => {
      collector.#server.once('error', reject).listen(options.port ?? 0, options.host ?? '127.0.0.1', () => resolve())
    })
    return collector
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  get status(): CollectorStatus {
    const parts = this.#parts.map(({ bytes, greeted, ended }, position) => ({ part: position + 1, bytes, greeted, ended }))
    return { of: this.#parts.length, parts }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
    await Promise.all(this.#parts.map(({ tail }) => tail))
    for (const { handle } of this.#parts) await handle.close()
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const atMs = Date.now()
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://collector')
    if (!this.#knows(request.headers.authorization)) return tell(response, 401, { error: 'a bearer token is wanted' })
    if (this.#open >= 16 + 4 * this.#parts.length) return tell(response, 503, { error: 'too many requests at once' })
    this.#open++
    try {
      const [, what, name = ''] = pathname.split('/')
      const offset = Number(searchParams.get('offset') ?? '0')
      if (request.method === 'GET' && what === 'clock') tell(response, 200, { atMs })
      else if (request.method === 'GET' && what === 'status') tell(response, 200, this.status)
      else if (request.method === 'GET' && what === 'files') await this.#send(response, name, offset)
      else if (request.method === 'PUT' && what === 'parts') await this.#append(request, response, Number(name), offset)
      else if (request.method === 'POST' && what === 'said') await this.#note(request, response, atMs)
      else tell(response, 404, { error: 'no such thing' })
    } finally {
      this.#open--
    }
  }

  #knows(authorization = ''): boolean {
    const [given, wanted] = [Buffer.from(authorization), Buffer.from(`Bearer ${this.#options.token}`)]
    return given.length === wanted.length && timingSafeEqual(given, wanted)
  }

  async #append(request: IncomingMessage, response: ServerResponse, number: number, offset: number): Promise<void> {
    const part = this.#parts[number - 1]
    if (!part) return tell(response, 404, { error: `there are parts 1 to ${this.#parts.length}` })
    const chunk = await bodyOf(request, CHUNK_BYTES_MAX)
    if (!chunk) return tell(response, 413, { error: `at most ${CHUNK_BYTES_MAX} bytes at once` })
    const appending = part.tail.then(async () => {
      if (offset !== part.bytes) return tell(response, 409, { bytes: part.bytes })
      if (this.#bytes + chunk.length > (this.#options.bytesMax ?? Number.POSITIVE_INFINITY))
        return tell(response, 507, { error: 'the collector is full' })
      await part.handle.appendFile(chunk)
      part.bytes += chunk.length
      tell(response, 200, { bytes: part.bytes })
    })
    // A disk that is full: what is in the file is asked anew before the next append.
    part.tail = appending.catch(async () => {
      part.bytes = (await stat(part.file)).size
      if (!response.headersSent) tell(response, 507, { error: 'it could not be written' })
    })
    await part.tail
  }

  get #bytes(): number {
    return this.#parts.reduce((sum, { bytes }) => sum + bytes, 0)
  }

  async #note(request: IncomingMessage, response: ServerResponse, atMs: number): Promise<void> {
    const body = await bodyOf(request, SAID_BYTES_MAX)
    const line = body && lineOf(body, atMs)
    const part = line && this.#parts[line.part - 1]
    if (!line || !part || line.of !== this.#parts.length) return tell(response, 400, { error: 'it is no line of a generator of this run' })
    if (this.#said++ >= SAID_LINES_MAX) return tell(response, 507, { error: 'enough was said' })
    await appendFile(path.join(this.#options.folder, 'raw', SAID), `${JSON.stringify(line)}\n`)
    if (line.event === 'hello') part.greeted = true
    if (line.event === 'end') {
      await part.tail
      await part.handle.sync()
      part.ended = true
    }
    tell(response, 200, {})
  }

  async #send(response: ServerResponse, name: string, offset: number): Promise<void> {
    const known = [SAID, ...loadFileNames(this.#parts.length)]
    if (!known.includes(name) || !Number.isSafeInteger(offset) || offset < 0) return tell(response, 404, { error: 'no such file' })
    await using handle = await open(path.join(this.#options.folder, 'raw', name)).catch(() => undefined)
    const buffer = Buffer.alloc(CHUNK_BYTES_MAX)
    const { bytesRead } = (await handle?.read(buffer, 0, buffer.length, offset)) ?? { bytesRead: 0 }
    response.writeHead(200, { 'content-type': 'application/octet-stream', 'content-length': bytesRead }).end(buffer.subarray(0, bytesRead))
  }
}

function lineOf(body: Buffer, atMs: number): GeneratorLine | undefined {
  try {
    const line: unknown = { ...JSON.parse(body.toString('utf8')), atMs }
    return generatorLine.safeParse(line).success ? (line as GeneratorLine) : undefined
  } catch {
    return undefined
  }
}

/** Undefined when it is more than that. */
async function bodyOf(request: IncomingMessage, bytesMax: number): Promise<Buffer | undefined> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of request) {
    bytes += (chunk as Buffer).length
    if (bytes <= bytesMax) chunks.push(chunk as Buffer)
  }
  return bytes <= bytesMax ? Buffer.concat(chunks) : undefined
}

function tell(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
}
