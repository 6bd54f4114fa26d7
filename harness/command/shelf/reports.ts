// `npm run reports`: all runs as one local page, over time, any two side by side; --export writes the same as files. It reads, and never
// deletes anything.
import { once } from 'node:events'
import path from 'node:path'
import { bad, parsed, whole } from '../arguments.ts'
import { openFile } from '../open.ts'
import type { Program } from '../program.ts'
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
Example: npm run reports -- --open
`

export const reports: Program = { help: HELP, run: reportsCommand }

/** @returns the exit code, once Ctrl-C is pressed */
async function reportsCommand(words: string[]): Promise<number> {
  const options = parse(words)
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

const SPEC = {
  reports: { type: 'string', default: 'reports' },
  port: { type: 'string', default: '0' },
  open: { type: 'boolean' },
  export: { type: 'string' },
  json: { type: 'boolean' },
} as const

function parse(words: string[]) {
  const { values, positionals } = parsed('reports', SPEC, words)
  if (positionals.length > 0) throw bad(`reports takes no ${JSON.stringify(positionals[0])}`, 'npm run reports -- --reports <folder>')
  return { ...values, port: whole('port', values.port, 0, 65_535) }
}
