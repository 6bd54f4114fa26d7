// `npm run collect -- <folder>`: the collector by itself, beside generators that somebody started elsewhere, or as a Job in the cluster.
import { readFile } from 'node:fs/promises'
import { setTimeout as wait } from 'node:timers/promises'
import { HarnessError } from '../../errors.ts'
import { Collector } from '../../fleet/collector.ts'
import { bad, parsed, whole } from '../arguments.ts'
import type { Program } from '../program.ts'

const USAGE = 'npm run collect -- <folder> --parts <n> --token-file <file> [options]'
const LOOK_EVERY_MS = 500
const PORT = 6_570
/** A run of hours at full speed. */
const BYTES_MAX = 64 * 1024 ** 3
const UNTIL_S = 6 * 3_600
const UNTIL_MAX_S = 30 * 86_400
const MAKE_TOKEN = 'openssl rand -hex 32 > token'

const HELP = `Takes what generators on other machines record, line by line, into a folder, until all of them have ended.

  ${USAGE}

  --parts <n>          how many generators there are, 1 to 10000
  --token-file <file>  what they must know: at least 16 characters
  --host <address>     where it listens (default: 127.0.0.1; 0.0.0.0 for other machines)
  --port <n>           its port; 0: a free one (default: ${PORT})
  --bytes-max <n>      what is kept at most (default: ${BYTES_MAX}, 64 GiB)
  --until-s <n>        when it ends although not all have (default: ${UNTIL_S}, six hours)
  --stays              goes on when all have ended: somebody still fetches

Example: npm run collect -- collected --parts 4 --token-file token --host 0.0.0.0
Exit codes: 0 all generators have ended · 2 some have not
`

export const collect: Program = { help: HELP, run: collectCommand }

/** Until every generator has ended, somebody stops it, or its time is up. @returns 0 when all have ended, else 2 */
async function collectCommand(words: string[]): Promise<number> {
  const options = await parse(words)
  const stop = new AbortController()
  const signals: NodeJS.Signals[] = ['SIGINT', 'SIGTERM']
  for (const name of signals) process.once(name, () => stop.abort())
  await using collector = await listen(options)
  process.stderr.write(`· collecting ${options.of} generators at http://${options.host}:${collector.port} into ${options.folder}\n`)
  const untilMs = Date.now() + options.untilS * 1_000
  while (!stop.signal.aborted && Date.now() < untilMs && (options.stays || !allEnded(collector)))
    await wait(LOOK_EVERY_MS, undefined, { signal: stop.signal }).catch(() => undefined)
  const open = collector.status.parts.filter(({ ended }) => !ended)
  if (open.length > 0)
    process.stderr.write(`· not ended: ${open.map(({ part, bytes }) => `generator ${part} (${bytes} bytes)`).join(', ')}\n`)
  return open.length === 0 ? 0 : 2
}

async function listen(options: Options): Promise<Collector> {
  return Collector.listen(options).catch((error: unknown) => {
    throw new HarnessError(
      'PORT_IN_USE',
      `the collector cannot listen: ${(error as Error).message}`,
      'choose another --port or --host',
      error,
    )
  })
}

function allEnded({ status }: Collector): boolean {
  return status.parts.every(({ ended }) => ended)
}

interface Options {
  folder: string
  of: number
  token: string
  host: string
  port: number
  bytesMax: number
  untilS: number
  /** Goes on when all have ended: somebody still fetches. */
  stays: boolean
}

const SPEC = {
  parts: { type: 'string', default: '' },
  'token-file': { type: 'string' },
  host: { type: 'string', default: '127.0.0.1' },
  port: { type: 'string', default: String(PORT) },
  'bytes-max': { type: 'string', default: String(BYTES_MAX) },
  'until-s': { type: 'string', default: String(UNTIL_S) },
  stays: { type: 'boolean', default: false },
} as const

async function parse(words: string[]): Promise<Options> {
  const { values, positionals } = parsed('collect', SPEC, words)
  const { host, stays, 'token-file': tokenFile } = values
  const [folder, ...more] = positionals
  if (folder === undefined || more.length > 0 || tokenFile === undefined || values.parts === '')
    throw bad('collect takes one folder, --parts and --token-file', USAGE)
  const of = whole('parts', values.parts, 1, 10_000)
  const port = whole('port', values.port, 0, 65_535)
  const bytesMax = whole('bytes-max', values['bytes-max'], 1, Number.MAX_SAFE_INTEGER)
  const untilS = whole('until-s', values['until-s'], 1, UNTIL_MAX_S)
  const token = await readFile(tokenFile, 'utf8').catch((error: Error) => {
    throw bad(`the token cannot be read: ${error.message}`, MAKE_TOKEN, error)
  })
  if (token.trim().length < 16) throw bad('the token has fewer than 16 characters', MAKE_TOKEN)
  return { folder, of, token: token.trim(), host, port, bytesMax, untilS, stays }
}
