// `npm run reports`: all runs as one local page, over time, any two side by side; --export writes the same as files. It reads, and never
// deletes anything.
import { once } from 'node:events'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { HarnessError } from '../../errors.ts'
import { openFile } from '../open.ts'
import { exportShelf } from './export.ts'
import { readShelf } from './read-runs.ts'
import { serveShelf } from './serve.ts'

const HELP = `All runs on one page: by scenario and target over time, any two side by side.

  npm run reports -- [options]

  --reports <folder>   where the runs lie (default: reports)
  --port <n>           the page's port on 127.0.0.1 (default: a free one)
  --open               shows it in the browser
  --export <folder>    writes it as files instead, into a new folder or one that it wrote before
  --json               the runs as data, and nothing else

It reads only: nothing is changed or deleted. Ctrl-C ends it.
`

/** @returns the exit code, once Ctrl-C is pressed */
export async function reportsCommand(words: string[]): Promise<number> {
  const options = parse(words)
  if (options.help) {
    process.stdout.write(HELP)
    return 0
  }
  if (options.json) {
    process.stdout.write(`${JSON.stringify(await readShelf(options.reports))}\n`)
    return 0
  }
  if (options.export !== undefined) {
    const written = await exportShelf(await readShelf(options.reports), options.export)
    process.stdout.write(`${written} files written: ${path.join(options.export, 'index.html')}\n`)
    return 0
  }
  await using shelving = await serveShelf(options.reports, options.port)
  process.stdout.write(`The runs of ${options.reports} are shown at ${shelving.url} (Ctrl-C ends it)\n`)
  if (options.open && !(await openFile(shelving.url))) process.stderr.write('· there is no program here to open it with\n')
  const ended = new AbortController()
  await Promise.race(['SIGINT', 'SIGTERM', 'SIGHUP'].map((signal) => once(process, signal, { signal: ended.signal })))
  ended.abort()
  return 0
}

function parse(words: string[]) {
  try {
    const { values } = parseArgs({
      args: words,
      options: {
        reports: { type: 'string' },
        port: { type: 'string' },
        open: { type: 'boolean' },
        export: { type: 'string' },
        json: { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
      },
    })
    const port = Number(values.port ?? '0')
    if (!Number.isInteger(port) || port < 0 || port > 65_535) throw new Error(`--port is ${JSON.stringify(values.port)}`)
    return { ...values, reports: values.reports ?? 'reports', port }
  } catch (error) {
    throw new HarnessError('BAD_OPTION', (error as Error).message.split('. ')[0] ?? 'bad option', 'see: npm run reports -- --help', error)
  }
}
