// `npm run collect -- <folder>`: the collector by itself, beside generators that somebody started elsewhere, or as a Job in the cluster.
import { readFile } from 'node:fs/promises'
import { setTimeout as wait } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { HarnessError } from '../../errors.ts'
import { Collector } from '../../fleet/collector.ts'

const USAGE = 'npm run collect -- <folder> --parts <n> --token-file <file> [--host 0.0.0.0] [--port 6570] [--bytes-max <n>] [--until-s <n>]'
const LOOK_EVERY_MS = 500
const PORT = 6_570
/** A run of hours at full speed. */
const BYTES_MAX = 64 * 1024 ** 3
const UNTIL_S = 6 * 3_600

/** Until every generator has ended, somebody stops it, or its time is up. @returns 0 when all have ended, else 2 */
export async function collectCommand(words: string[]): Promise<number> {
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

async function parse(words: string[]): Promise<Options> {
  const text = { type: 'string' } as const
  const spec = {
    parts: text,
    'token-file': text,
    host: text,
    port: text,
    'bytes-max': text,
    'until-s': text,
    stays: { type: 'boolean' },
  } as const
  try {
    const { values, positionals } = parseArgs({ args: words, options: spec, allowPositionals: true })
    const [folder, ...more] = positionals
    const of = Number(values.parts)
    if (folder === undefined || more.length > 0 || !Number.isInteger(of) || of < 1 || of > 10_000 || values['token-file'] === undefined)
      throw new HarnessError('BAD_OPTION', 'collect takes one folder, --parts (1 to 10000) and --token-file', USAGE)
    const token = (await readFile(values['token-file'], 'utf8')).trim()
    if (token.length < 16) throw new HarnessError('BAD_OPTION', 'the token has fewer than 16 characters', 'openssl rand -hex 32 > token')
    return {
      folder,
      of,
      token,
      host: values.host ?? '127.0.0.1',
      port: Number(values.port ?? PORT),
      bytesMax: Number(values['bytes-max'] ?? BYTES_MAX),
      untilS: Number(values['until-s'] ?? UNTIL_S),
      stays: values.stays ?? false,
    }
  } catch (error) {
    if (error instanceof HarnessError) throw error
    throw new HarnessError('BAD_OPTION', (error as Error).message.split('. ')[0] ?? 'bad option', USAGE, error)
  }
}
