// Looks at a server and writes its target file. It never writes over a file without being told, and
// writes nothing when the server cannot be met.
import { mkdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { isLoopback } from '../run/safety.ts'
import { assertStreamable, TokenWanted } from '../run/transport.ts'
import type { Headers } from '../target.ts'
import { type Look, look, type SeenTool } from './look.ts'
import { commented } from './source-text.ts'
import { surroundingsOf } from './surroundings.ts'
import { choose, type HeadersText, targetText } from './target-text.ts'
import { tokenAdvice } from './token-advice.ts'

const SHOWN_MAX = 6

export interface WriteOptions {
  file: string
  url: string
  /** Where this program lies: what the file imports from. */
  root: string
  overwrite: boolean
  calls: boolean
  /** Tools that somebody says only read. */
  vouched: readonly string[]
  headers?: { give: () => Promise<Headers>; text: HeadersText }
  say: (text: string) => void
  signal: AbortSignal
}

/** @throws HarnessError as `look`; with what to type where a token is wanted */
export async function writeTarget(options: WriteOptions): Promise<void> {
  const { file, url, root, vouched, calls, say, signal } = options
  assertStreamable(url)
  const host = isLoopback(url) ? undefined : new URL(url).hostname
  if (host !== undefined)
    say(`${host} is not this machine: it is asked for its tools, and each tool that says it only reads is called once`)
  const headers = await options.headers?.give()
  const seen = await look({
    url,
    client: { ...(headers && { headers }) },
    vouched,
    calls,
    say,
    signal,
  }).catch(async (error: unknown) => {
    throw error instanceof TokenWanted ? await tokenAdvice(url, error, signal) : error
  })
  const surroundings = await surroundingsOf(url, signal)
  const text = targetText({
    url,
    on: new Date().toISOString().slice(0, 10),
    look: seen,
    surroundings,
    ...(options.headers && { headers: options.headers.text }),
    ...(host !== undefined && { host }),
    modules: modulesFor(file, root),
  })
  await mkdir(path.dirname(file), { recursive: true })
  await writeFile(file, text, { flag: options.overwrite ? 'w' : 'wx' })
  const { cheapRead } = choose(seen)
  if (!cheapRead) say(noRead(seen))
  else if (cheapRead.tried?.ok === false)
    say(
      `no read answered well: put arguments that a caller would send into the file (${commented(cheapRead.tool.name)}: ${cheapRead.tried.said})`,
    )
}

/** Names are a hint, no more: nothing is called for them, they are only what to look at first. */
function noRead({ tools }: Look): string {
  const looksHarmless = ({ tool: { name, annotations } }: SeenTool) =>
    /^(get|list|search|find|read|query|fetch|describe|show|count)(?=[_\-./A-Z]|$)/.test(name) && annotations?.destructiveHint !== true
  const named = tools
    .filter(looksHarmless)
    .slice(0, SHOWN_MAX)
    .map(({ tool }) => tool.name)
  const like = named.length > 0 ? `; by their names it could be ${named.map(commented).join(', ')}` : ''
  return `none of its tools says that it only reads (readOnlyHint): name those that you know to be harmless, --read <tool,tool> --overwrite${like}`
}

/** As a package, not in a checkout. */
export function installed(root: string): boolean {
  return root.includes(`${path.sep}node_modules${path.sep}`)
}

/** As the file must import them: by path within the checkout, by the package's name elsewhere. */
function modulesFor(file: string, root: string): { target: string; tokens: string } {
  if (installed(root)) return { target: 'mcp-stampede', tokens: 'mcp-stampede/tokens' }
  const relative = (module: string) => {
    const to = path
      .relative(path.dirname(file), path.join(root, 'harness', module))
      .split(path.sep)
      .join('/')
    return to.startsWith('.') ? to : `./${to}`
  }
  return { target: relative('target.ts'), tokens: relative('tokens.ts') }
}
