// `npm run init -- <url>`: looks at a server, writes a target file for it, says what that buys.
import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { HarnessError } from '../../errors.ts'
import { installed, writeTarget } from '../../init/write.ts'
import { isLoopback } from '../../run/safety.ts'
import { findTarget } from '../../run/target-file.ts'
import { assertStreamable } from '../../run/transport.ts'
import { bad } from '../arguments.ts'
import type { Program } from '../program.ts'
import { ownFolders } from '../project.ts'
import { discoverAll, ROOT } from '../units.ts'
import { bought, boughtText } from './buys.ts'
import { INIT_HELP, parseInitOptions } from './options.ts'

/** What a first verdict is had from: it needs no dependency and no start. */
const FIRST_SCENARIO = 'runaway-loop'

export const init: Program = { help: INIT_HELP, run: initCommand }

/** @returns the exit code */
async function initCommand(words: string[]): Promise<number> {
  const options = parseInitOptions(words)
  const { url } = options
  if (url === undefined) throw bad('no address was given', 'npm run init -- http://127.0.0.1:3000/mcp')
  assertStreamable(url)
  const file = path.resolve(options.out ?? path.join(folderFor(), `${nameOf(url)}${extension()}`))
  if (existsSync(file) && !options.overwrite)
    throw new HarnessError('FILE_EXISTS', `${shown(file)} is there already`, 'choose another with --out, or write over it with --overwrite')
  const abort = new AbortController()
  process.once('SIGINT', () => abort.abort(new HarnessError('STOPPED', 'stopped', 'nothing was written')))
  const say = (text: string) => void process.stdout.write(`${text}\n`)
  await writeTarget({ ...options, file, url, root: ROOT, say, signal: abort.signal })
  const found = await discoverAll()
  const target = await findTarget(file, found.targets, ROOT)
  const all = bought(target, found)
  process.stdout.write(`wrote ${shown(file)}\n${boughtText(all, FIRST_SCENARIO)}`)
  const [before, after] = installed(ROOT) ? ['npx mcp-stampede run', ''] : ['npm run scenario', ' --']
  const then = all.some((one) => 'judged' in one) ? '' : 'then: '
  process.stdout.write(`\n${then}${before} ${FIRST_SCENARIO}${after} --target ${shown(file)}\n`)
  return 0
}

/** Where its name is found again: among ours in the checkout, among one's own elsewhere. */
function folderFor(): string {
  if (path.resolve() === ROOT) return 'scenarios/targets'
  return ownFolders(process.cwd()).targets ?? path.join('stampede', 'targets')
}

/** A package.json of type commonjs, which `npm init` writes, holds for every .ts beside it. */
function extension(): string {
  if (!existsSync('package.json')) return '.ts'
  return /"type"\s*:\s*"commonjs"/.test(readFileSync('package.json', 'utf8')) ? '.mts' : '.ts'
}

/** `staging-example-com`, `localhost-3000`. */
function nameOf(url: string): string {
  const { hostname, port } = new URL(url)
  const name = isLoopback(url) ? 'localhost' : hostname
  return `${name}${port === '' ? '' : `-${port}`}`
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-|-$/g, '')
}

function shown(file: string): string {
  const relative = path.relative(process.cwd(), file)
  return relative.startsWith('..') ? file : relative
}
