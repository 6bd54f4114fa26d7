// The official Go client against the reference server, as the other clients are in reference-server/interop: apart, since it has to be
// compiled (a minute, and Go). `node tests/long/go-client.ts write` keeps what it saw in reference-server/interop/go/seen.json, of which
// docs/clients.md is made; `run()` says whether that is still true.
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { text } from 'node:stream/consumers'
import { promisify } from 'node:util'
import type { Plan, Seen } from '../../reference-server/interop/plan.ts'
import { type Interop, openInterop, spender } from '../fixtures/interop.ts'
import { ROOT } from '../fixtures/source-files.ts'

const FOLDER = path.join(ROOT, 'reference-server/interop/go')
const SEEN = path.join(FOLDER, 'seen.json')
const ERAS = ['2026-07-28', '2025-11-25'] as const
const BUILD_MS = 300_000
const DRIVE_MS = 70_000
/** The call that is given up after 200 ms would take 2 s. */
const STOPPED_MS = 1_500

/** @throws Error when a tool fails it, or it sees something else than what is written down */
export async function run(): Promise<void> {
  const seen = steady(await driven())
  const written = steady(JSON.parse(readFileSync(SEEN, 'utf8')) as Seen[])
  if (JSON.stringify(seen) !== JSON.stringify(written))
    throw new Error(`the Go client sees something else: npm run clients\n${JSON.stringify(seen, null, 2)}`)
}

async function driven(): Promise<Seen[]> {
  const folder = await mkdtemp(path.join(tmpdir(), 'go-client-'))
  try {
    const program = path.join(folder, 'client')
    await promisify(execFile)('go', ['build', '-o', program, '.'], { cwd: FOLDER, timeout: BUILD_MS })
    const version = /go-sdk v(\S+)/.exec(readFileSync(path.join(FOLDER, 'go.mod'), 'utf8'))?.[1] ?? 'unknown'
    await using interop = await openInterop(ERAS.map(nameOf))
    const seen: Seen[] = []
    for (const era of ERAS) {
      seen.push(await drive(program, version, await interop.planFor(nameOf(era), era)))
      await confirmed(interop, era)
    }
    for (const { called, client, era } of seen) {
      const failed = Object.entries(called).filter(([, how]) => how !== 'ok')
      if (failed.length > 0) throw new Error(`${client}, ${era}: ${failed.map((each) => each.join(': ')).join('; ')}`)
    }
    return seen
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** What docs/clients.md says of every client and only the server can know. */
async function confirmed({ main, strict }: Interop, era: string): Promise<void> {
  const refused = strict
    .logged('request')
    .filter(({ agent_id: agent, http_status: status }) => agent === spender(nameOf(era)) && status === 429)
  if (refused.length !== 1) throw new Error(`the Go client was refused ${refused.length} times for one call: it asks again by itself`)
  const requests = await main.requests(Number.POSITIVE_INFINITY)
  const stopped = requests.filter(
    (line) => line.agent_id === nameOf(era) && line.status === 'gone' && Number(line.duration_ms) < STOPPED_MS,
  )
  if (stopped.length > 0 !== era >= '2026') throw new Error(`${era}: the server stopped ${stopped.length} calls`)
}

const nameOf = (era: string) => `go-${era.slice(0, 4)}`

async function drive(program: string, version: string, plan: Plan): Promise<Seen> {
  const child = spawn(program, [version], { stdio: ['pipe', 'pipe', 'pipe'], signal: AbortSignal.timeout(DRIVE_MS) })
  child.stdin.end(JSON.stringify(plan))
  const [[code], said, complained] = await Promise.all([once(child, 'exit'), text(child.stdout), text(child.stderr)])
  if (code !== 0) throw new Error(`the Go client ended with ${String(code)}: ${complained}`)
  return JSON.parse(said) as Seen
}

/** Without what differs between two runs. */
function steady(seen: Seen[]): unknown {
  const shaped = seen.map(({ tools: _, called: __, cancelledAfterMs: ___, ...rest }) => rest)
  const written = JSON.stringify(shaped)
    .replace(/(requestId\\*":\\*")[^"\\]*/g, '$1…')
    .replace(/(retryAfterMs\\*":)\d+/g, '$10')
  return JSON.parse(written.replace(/"(resource|prompt)Characters":\d+/g, '"$1Characters":1'))
}

if (process.argv[2] === 'write') writeFileSync(SEEN, `${JSON.stringify(steady(await driven()), null, 2)}\n`)
