// The shelf of runs over HTTP, for one person on this machine: bound to 127.0.0.1, reading only, each page made anew from the disk. A page
// of somebody else that a browser has open must not read it: requests that do not name this very host are refused (DNS rebinding), and
// nothing is allowed across origins. A run's own page may come from anywhere (a folder sent by mail): it is served as if from nowhere
// (a sandbox), so that a script in it can read neither this page nor other runs.
// Paths: each name of a path must be a plain one, and the file must lie inside the shelf after all links.
import { createReadStream } from 'node:fs'
import { realpath, stat } from 'node:fs/promises'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import path from 'node:path'
import { pipeline } from 'node:stream/promises'
import { portRefused } from '../../environment/free-port.ts'
import { comparePage } from '../../report/shelf/compare-page.ts'
import { type Links, POLICY } from '../../report/shelf/frame.ts'
import { type Filter, listPage } from '../../report/shelf/list-page.ts'
import { type RunCard, type Shelf, seriesOf } from '../../report/shelf/run-card.ts'
import { readShelf } from './read-runs.ts'

const TYPES: Record<string, string> = { '.html': 'text/html', '.json': 'application/json', '.xml': 'application/xml' }

export interface Shelving extends AsyncDisposable {
  url: string
}

/** @throws HarnessError `REPORTS_NOT_FOUND`; as `portRefused` */
export async function serveShelf(folder: string, port: number): Promise<Shelving> {
  await readShelf(folder)
  const server = createServer((request, response) => {
    answer(folder, request, response).catch(() => {
      if (!response.headersSent) response.writeHead(500)
      response.end()
    })
  })
  server.requestTimeout = 10_000
  await listening(server, port)
  const address = server.address()
  const bound = typeof address === 'object' && address ? address.port : port
  return {
    url: `http://127.0.0.1:${bound}/`,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

async function listening(server: Server, port: number): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, '127.0.0.1', resolve)
  }).catch((error: NodeJS.ErrnoException) => {
    throw portRefused(port, error, 'choose another with --port, or leave --port out for a free one')
  })
}

const LINKS: Links = {
  home: '/',
  form: '/compare',
  file: (id, file) => `/run/${id.split('/').map(encodeURIComponent).join('/')}/${encodeURIComponent(file)}`,
  compare: (before, after) => `/compare?before=${encodeURIComponent(before)}&after=${encodeURIComponent(after)}`,
}

async function answer(folder: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const local = /^(?:127\.0\.0\.1|localhost)(?::\d+)?$/.test(request.headers.host ?? '')
  if (!local) return tell(response, 421, 'This is served to this machine only.')
  if (request.method !== 'GET' && request.method !== 'HEAD') return tell(response, 405, 'Runs are only read here.')
  const url = URL.parse(request.url ?? '/', 'http://127.0.0.1')
  if (!url) return tell(response, 400, 'This is no address.')
  if (url.pathname === '/') {
    const filter: Filter = Object.fromEntries(['scenario', 'target', 'status'].map((name) => [name, url.searchParams.get(name) ?? '']))
    return page(response, listPage(await readShelf(folder), LINKS, filter))
  }
  if (url.pathname === '/compare') return compare(await readShelf(folder), url.searchParams, response)
  // As it was sent: a URL's own parser has already taken `..` out of `pathname`, and would hide it.
  const names = (request.url ?? '').split('?')[0]?.split('/').slice(1) ?? []
  if (names[0] === 'run') return file(folder, names.slice(1), response)
  return tell(response, 404, 'There is nothing here.')
}

function compare(shelf: Shelf, query: URLSearchParams, response: ServerResponse): void {
  const [newest, before] = seriesOf(shelf.runs).find(({ runs }) => runs.length > 1)?.runs ?? []
  const find = (name: string, otherwise: RunCard | undefined) =>
    query.has(name) ? shelf.runs.find(({ id }) => id === query.get(name)) : otherwise
  const pair = [find('before', before), find('after', newest)] as const
  if (pair[0] && pair[1]) page(response, comparePage(pair[0], pair[1], LINKS))
  else tell(response, 404, 'There are no such two runs.')
}

async function file(folder: string, names: readonly string[], response: ServerResponse): Promise<void> {
  const found = await fileInside(folder, names)
  if (found === undefined) return tell(response, 404, 'There is no such file.')
  const type = TYPES[path.extname(found)] ?? 'text/plain'
  response.writeHead(200, { ...HEADERS, 'Content-Type': `${type}; charset=utf-8`, 'Content-Security-Policy': 'sandbox allow-scripts' })
  await pipeline(createReadStream(found), response).catch(() => undefined)
}

/** Undefined for whatever is no plain file inside the folder. */
export async function fileInside(folder: string, names: readonly string[]): Promise<string | undefined> {
  const decoded = names.map((name) => {
    try {
      return decodeURIComponent(name)
    } catch {
      return ''
    }
  })
  if (decoded.length < 2 || decoded.some((name) => !isPlain(name))) return undefined
  try {
    const root = await realpath(folder)
    const found = await realpath(path.join(root, ...decoded))
    return found.startsWith(root + path.sep) && (await stat(found)).isFile() ? found : undefined
  } catch {
    return undefined
  }
}

/** One name of a path, on any system: no separator, no drive, nothing that climbs, nothing hidden. */
function isPlain(name: string): boolean {
  return /^[^/\\:\p{Cc}]{1,255}$/u.test(name) && !name.startsWith('.')
}

const HEADERS = { 'X-Content-Type-Options': 'nosniff', 'Referrer-Policy': 'no-referrer', 'Cache-Control': 'no-store' }

function page(response: ServerResponse, text: string): void {
  response.writeHead(200, {
    ...HEADERS,
    'Content-Type': 'text/html; charset=utf-8',
    'Content-Security-Policy': `${POLICY}; frame-ancestors 'none'`,
  })
  response.end(text)
}

function tell(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { ...HEADERS, 'Content-Type': 'text/plain; charset=utf-8' })
  response.end(`${text}\n`)
}
