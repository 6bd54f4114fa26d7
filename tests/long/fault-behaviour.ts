// What the hardened server does under each fault, as measured, beside what is expected of it. A modest stream of
// reads, writes and calls that need the upstream runs through windows of 3 s with one fault each.
//
// `rounds` is one group of faults, counted from 1 (without it all five, a minute each). Writes the measured rows into
// docs/fault-behaviour.md and leaves the others. Fails when a fault was not felt or not healed,
// when no call met it, or when the server was not well again.
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { discover } from '../../harness/discover.ts'
import type { FaultDefinition } from '../../harness/faults/fault.ts'
import type { Call } from '../../harness/history/event.ts'
import { faultsOf } from '../../harness/history/faults.ts'
import type { History } from '../../harness/history/history.ts'
import { buildHistory } from '../../harness/history/merge.ts'
import { attemptsAt, needs, overlaps } from '../../harness/history/queries.ts'
import { GROUPS, idOf, ROWS, type Row, recoverySOf } from '../fixtures/behaviour.ts'
import { ROOT, Workshop } from '../fixtures/cli.ts'

const PAGE = path.join(ROOT, 'docs/fault-behaviour.md')
/** It needs the user's own commands. */
const NOT_OURS = ['user-fault']
const WELL_WITHIN_MS = 3_000

interface Measured {
  row: string
  flaws: string[]
}

/** @param group from 1; all without it. @throws when a fault was not felt or healed, or the server not well again */
export async function run(group?: number): Promise<string[]> {
  await assertWhole()
  const wanted = group === undefined ? GROUPS : GROUPS.slice(group - 1, group)
  if (wanted.length === 0) throw new Error(`there are ${GROUPS.length} groups: ${GROUPS.join(', ')}`)
  const measured = new Map<string, Measured>()
  for (const name of wanted) {
    const history = await historyOf(name)
    for (const row of ROWS.filter((one) => one.group === name)) measured.set(idOf(row), measure(history, row))
    keep(measured)
  }
  const flaws = [...measured].flatMap(([id, one]) => one.flaws.map((flaw) => `${id}: ${flaw}`))
  if (flaws.length > 0) throw new Error(flaws.join('\n'))
  return [...measured.values()].map(({ row }) => row)
}

/** A fault without a row would be missing from the page, and nobody would see it. */
async function assertWhole(): Promise<void> {
  const { ids } = await discover<FaultDefinition>('fault', path.join(ROOT, 'harness/faults'))
  const missing = ids.filter((id) => !NOT_OURS.includes(id) && !ROWS.some(({ fault }) => fault === id))
  if (missing.length > 0) throw new Error(`tests/fixtures/behaviour.ts has no row of ${missing.join(', ')}`)
}

async function historyOf(group: string): Promise<History> {
  using workshop = new Workshop()
  const file = path.join(workshop.folder, `${group}.ts`)
  const rows = path.join(ROOT, 'tests/fixtures/behaviour.ts')
  writeFileSync(file, `import { scenarioOf } from ${JSON.stringify(rows)}\nexport default await scenarioOf(${JSON.stringify(group)})\n`)
  const run = await workshop.scenario(file)
  process.stderr.write(`${new Date().toISOString().slice(11, 19)} ${group}: ${run.answer.status}${run.why && `\n${run.why}`}\n`)
  return await buildHistory(run.folder)
}

function measure(history: History, row: Row): Measured {
  const window = idOf(row)
  const record = faultsOf(history).find((one) => one.window === window && one.fault === row.fault)
  if (!record) throw new Error(`${window} was not planned`)
  const dependency = record.dependency ?? ''
  const span = { fromMs: record.fromMs, toMs: record.toMs }
  const during = history.calls.filter((call) => call.role !== 'handshake' && overlaps(call, span) && call.sentAtMs >= span.fromMs)
  const concerned = concernedBy(history, row, dependency, during, span.fromMs)
  const others = during.filter((call) => !concerned.includes(call))
  // What reaches into the next window may have been broken by the next fault.
  const after = history.calls.filter(
    (call) => call.window === window && call.phase === 'recovery' && call.role !== 'handshake' && !call.straddles,
  )
  const lastBadMs = Math.max(0, ...after.filter(({ outcome }) => outcome !== 'ok').map(({ sentAtMs }) => sentAtMs - span.toMs))
  const tried = attemptsAt(history, dependency).filter(({ atMs }) => atMs >= span.fromMs && atMs <= span.toMs).length
  const healed = record.healed && record.healed.atMs - span.toMs
  const cells = [
    row.number,
    nameOf(row),
    row.expects,
    record.felt?.detail ?? '**not felt**',
    healed === undefined ? '**not healed**' : `${Math.round(healed)} ms`,
    answers(concerned),
    others.length === 0 ? 'none' : answers(others),
    `${(Math.max(0, ...during.map(tookMs)) / 1_000).toFixed(1)} s`,
    dependency === 'server' ? '' : tried,
    lastBadMs === 0 ? 'at once' : `after ${(lastBadMs / 1_000).toFixed(1)} s`,
  ]
  const flaws = [
    ...(record.felt ? [] : ['was not felt']),
    ...(healed === undefined ? ['was not healed'] : []),
    ...((healed ?? 0) > recoverySOf(row.group) * 1_000 ? ['was healed only when the next one had begun: measure both again'] : []),
    ...(concerned.length === 0 ? ['met no call: nobody who called needed what was broken'] : []),
    ...(lastBadMs > WELL_WITHIN_MS ? [`bad answers until ${Math.round(lastBadMs)} ms after the heal`] : []),
  ]
  return { row: `| ${cells.map((cell) => String(cell).replaceAll('|', '\\|').replace(/\s+/g, ' ')).join(' | ')} |`, flaws }
}

/** Calls whose tool needs what was broken; where that is one instance of the server, calls of agents that it answered last. */
function concernedBy(history: History, { given }: Row, dependency: string, during: readonly Call[], fromMs: number): Call[] {
  if (given?.instance === undefined) return during.filter((call) => needs(history, call.role, dependency))
  const seats = new Map<string, { atMs: number; instance: string }>()
  for (const { agent, endedAtMs: atMs = Number.POSITIVE_INFINITY, server } of history.calls) {
    if (server && atMs <= fromMs && atMs > (seats.get(agent)?.atMs ?? 0)) seats.set(agent, { atMs, instance: server.instance })
  }
  return during.filter(({ agent }) => seats.get(agent)?.instance === String(given.instance))
}

/** As the page shows it. */
function nameOf({ fault, given = {} }: Row): string {
  const said = Object.entries(given).map(([name, value]) => ` ${name} ${value}`)
  return `\`${fault}\`${said.join('')}`
}

/** How many of each, the most frequent first: `80 × ok, 16 × 503 DEPENDENCY_UNAVAILABLE (wait 1–2 s)`. */
function answers(calls: readonly Call[]): string {
  const kinds = Map.groupBy(calls, wordOf)
  const said = [...kinds].sort(([, a], [, b]) => b.length - a.length).map(([word, of]) => `${of.length} × ${word}${waitOf(word, of)}`)
  return said.join(', ')
}

function wordOf({ outcome, endedAtMs, evidence }: Call): string {
  if (outcome === 'ok') return 'ok'
  if (endedAtMs === undefined) return 'no answer'
  if (evidence.status === 0) return evidence.transport ?? 'no answer'
  return [evidence.status, evidence.data?.code ?? evidence.rpcCode ?? ''].join(' ').trim()
}

function waitOf(word: string, calls: readonly Call[]): string {
  const waits = calls.flatMap(({ evidence }) => (evidence.retryAfter === undefined ? [] : [Number(evidence.retryAfter)]))
  const told = calls.flatMap(({ evidence }) =>
    typeof evidence.data?.retryAfterMs === 'number' ? [evidence.data.retryAfterMs / 1_000] : [],
  )
  const all = waits.length > 0 ? waits : told
  if (word === 'ok') return ''
  if (all.length === 0) return ''
  const [least, most] = [Math.min(...all), Math.max(...all)].map((seconds) => Math.round(seconds * 10) / 10)
  return ` (wait ${least === most ? least : `${least}–${most}`} s${all.length < calls.length ? `, ${calls.length - all.length} without` : ''})`
}

function tookMs({ sentAtMs, endedAtMs, timeoutMs }: Call): number {
  return endedAtMs === undefined ? timeoutMs : endedAtMs - sentAtMs
}

const HEAD = `# What the hardened server does under each fault

Written by \`npm run test:long -- fault-behaviour\`. The reference server gets forty calls a second from eighteen agents; each fault is in force for
3 s, and then 4 s pass without it (8 where a server is started anew).

| column | is |
| --- | --- |
| row, expected | the fault's number in \`tests/fixtures/behaviour.ts\`, and what is expected there of a hardened server |
| healed | how long after the heal began a canary, a probe of the harness's own, found everything as before |
| calls that need it, other calls | answers to calls sent while the fault was in force, by whether their tool needs what was broken (of an instance of the server: by whether it had answered their agent last) |
| longest | the longest answer among all of them |
| tries | connections (upstream: requests) that the server tried meanwhile |
| well again | when, counted from the heal, the last call was sent that was not answered well |

| row | fault | expected | effect that a canary saw | healed | calls that need it | other calls | longest | tries | well again |
| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |
`
const MARK = '<!-- below: by hand -->'

/** Rows that were measured, between those that stand there from another time; what was written below them by hand stays. */
function keep(measured: ReadonlyMap<string, Measured>): void {
  const before = existsSync(PAGE) ? readFileSync(PAGE, 'utf8') : ''
  const old = before.split('\n').filter((line) => line.startsWith('| '))
  const rows = ROWS.flatMap((row) => {
    const found = measured.get(idOf(row))?.row ?? old.find((line) => line.split(' | ')[1] === nameOf(row))
    return found === undefined ? [] : [found]
  })
  const [, byHand = '\n'] = before.split(MARK)
  writeFileSync(PAGE, `${HEAD}${rows.join('\n')}\n\n${MARK}${byHand}`)
}
