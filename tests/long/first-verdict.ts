// How long it takes from an address to a first verdict, as somebody new would go: `init`, then the scenario that it names,
// against servers of several kinds. The table that it prints is that of docs/long-tests.md; the limit is 90 seconds.
import { spawn } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import type { Verdicts } from '../../harness/checks/check.ts'
import { finish, ROOT, Workshop } from '../fixtures/cli.ts'
import { handmade, oldServer, sdkServer } from '../fixtures/servers/strangers.ts'

const LIMIT_S = 90

interface Row {
  server: string
  initS: number
  verdictS: number
  headline: string
}

/** @returns the table. @throws when a first verdict took longer than it may */
export async function run(): Promise<string> {
  const rows: Row[] = []
  using workshop = new Workshop()
  {
    await using server = await sdkServer()
    rows.push(await timed(workshop, 'the SDK alone, both eras', server.url))
  }
  {
    await using server = await oldServer()
    rows.push(await timed(workshop, 'SDK 1, eras of sessions', server.url))
  }
  {
    const reads = { annotations: { readOnlyHint: true } }
    await using server = await handmade(Array.from({ length: 200 }, (_, n) => ({ name: `tool_${n}`, ...(n % 20 === 0 ? reads : {}) })))
    rows.push(await timed(workshop, '200 tools, ten of them read', server.url))
  }
  {
    await using desk = await referenceServer(workshop)
    rows.push(await timed(workshop, 'the reference server, tokens of three agents', desk.url, '--token-file', desk.tokenFile))
  }
  const slow = rows.find(({ verdictS }) => verdictS > LIMIT_S)
  const table = tableOf(rows)
  if (slow) throw new Error(`${slow.server} took ${slow.verdictS} s to its first verdict, allowed are ${LIMIT_S} s\n\n${table}`)
  return table
}

async function timed(workshop: Workshop, server: string, url: string, ...words: string[]): Promise<Row> {
  const startedMs = Date.now()
  const seconds = () => Math.round((Date.now() - startedMs) / 100) / 10
  const file = path.join(workshop.folder, `first-${startedMs}.ts`)
  const made = await workshop.cli('init', url, '--out', file, ...words)
  if (made.code !== 0) throw new Error(`init of ${server} ended with ${made.code}: ${made.stderr}`)
  const initS = seconds()
  const { folder, verdicts } = await workshop.scenario('runaway-loop', '--target', file)
  const { headline } = JSON.parse(readFileSync(path.join(folder, 'verdicts.json'), 'utf8')) as Verdicts
  if (verdicts.verdicts.every(({ status }) => status === 'not-judged')) throw new Error(`${server}: nothing was judged`)
  return { server, initS, verdictS: seconds(), headline }
}

/** As `npm run server` starts it, with the tokens that it prints. */
async function referenceServer(workshop: Workshop): Promise<{ url: string; tokenFile: string } & AsyncDisposable> {
  const child = spawn(process.execPath, [path.join(ROOT, 'harness/cli.ts'), 'server', '--port', '0'], {
    cwd: ROOT,
    env: { ...process.env, TMPDIR: workshop.temporary, NO_COLOR: '1' },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const ended = finish(child)
  let said = ''
  await new Promise<void>((resolve, reject) => {
    child.stdout.on('data', (chunk) => {
      said += String(chunk)
      if (said.includes('Ctrl-C stops everything')) resolve()
    })
    void ended.then(({ stderr }) => reject(new Error(`the server ended: ${stderr}`)))
  })
  const url = /serves at (\S+)/.exec(said)?.[1] ?? ''
  const tokenFile = path.join(workshop.folder, 'tokens')
  writeFileSync(tokenFile, [...new Set(said.match(/mcp_(billing|operator)_[0-9a-f]+/g) ?? [])].join('\n'))
  const stop = async () => {
    child.kill('SIGINT')
    await ended
  }
  return { url, tokenFile, [Symbol.asyncDispose]: stop }
}

function tableOf(rows: readonly Row[]): string {
  const lines = rows.map(({ server, initS, verdictS, headline }) => `| ${server} | ${initS} | ${verdictS} | ${headline} |`)
  return ['| server | init, s | first verdict after, s | headline |', '| --- | --- | --- | --- |', ...lines].join('\n')
}
