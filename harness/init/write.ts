// Looks at a server and writes its target file. It never writes over a file without being told, and writes nothing when the server cannot be met.
import { mkdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { isLoopback } from '../run/safety.ts'
import { assertStreamable, TokenWanted } from '../run/transport.ts'
import type { Headers } from '../target.ts'
import { look } from './look.ts'
import { surroundingsOf } from './surroundings.ts'
import { choose, type HeadersText, targetText } from './target-text.ts'
import { tokenAdvice } from './token-advice.ts'

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
  if (!choose(seen).cheapRead)
    say('none of its tools says that it only reads (readOnlyHint): name those that you know to be harmless, --read <tool,tool>')
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
