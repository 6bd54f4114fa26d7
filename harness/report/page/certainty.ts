// How sure: did the generator keep its plan, did each fault bite, do the counts of both ends agree, and what was odd.
// Figures for the reader; the gates (G1 to G3) judge them.
import { faultsOf } from '../../history/faults.ts'
import type { History } from '../../history/history.ts'
import { firstCalls, lateMs } from '../../history/lateness.ts'
import { quantile } from '../../history/quantiles.ts'
import { callsByGenerator, isHere } from '../../history/queries.ts'
import { points } from '../../history/samples.ts'
import { ascending } from '../../history/sorted.ts'
import { stillsOf, stillsSaid } from '../../history/stills.ts'
import { number, size } from '../figures.ts'
import { html, type Markup } from '../markup.ts'
import { plain } from '../plain.ts'
import type { Source } from '../source.ts'

const mostNotes = 40

export function certaintySection({ history }: Source): Markup {
  const { notes } = history.manifest
  return html`<section id="certainty" aria-labelledby="certainty-title">
<h2 id="certainty-title">How sure</h2>
<p class="about">Whether the load was the one that was planned, and whether each fault was felt.</p>
<dl class="pairs">${figures(history).map(([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>
${faults(history)}
${notes.length > 0 && html`<h3 class="part">Worth knowing</h3><ul class="exhibits">${notes.slice(0, mostNotes).map((note) => html`<li>${plain(note, 500)}</li>`)}</ul>`}
${notes.length > mostNotes && html`<p class="muted small">and ${number(notes.length - mostNotes)} more in manifest.json</p>`}
</section>`
}

function figures(history: History): [string, string][] {
  const { manifest, calls, agents, clocks, samples } = history
  const lateness = ascending(firstCalls(history), lateMs)
  const sum = (of: (agent: History['agents'][number]) => number) => agents.reduce((total, agent) => total + of(agent), 0)
  const { generator, harness, callsInServerLog, callsTwiceInServerLog } = manifest
  const rows: [string, string | undefined][] = [
    ['Tasks left late by, p50 and p99', lateness.length > 0 ? `${late(lateness, 0.5)} and ${late(lateness, 0.99)}` : 'no call'],
    ['Tasks started of planned', `${number(sum((agent) => agent.tasksStarted))} of ${number(sum((agent) => agent.tasksPlanned))}`],
    ['Calls that the agents say they sent', countOrUnknown(callsByGenerator(history))],
    ['Calls recorded', `${number(calls.length)}, ${number(calls.filter((call) => call.endedAtMs === undefined).length)} never answered`],
    [
      'Calls found in the server’s log',
      callsInServerLog === undefined
        ? 'the log is not read'
        : `${number(callsInServerLog)}${callsTwiceInServerLog ? `, ${number(callsTwiceInServerLog)} of them more than once` : ''}`,
    ],
    [
      'Lines missing, agents crashed',
      `${number(sum((agent) => agent.missing.length))}, ${number(agents.filter((agent) => agent.crashes.length > 0).length)}`,
    ],
    ['Clock drift', drift(clocks)],
    ['The machine stood still', stoodStill(history)],
    ['Connections that waited to be accepted, most at one door', mostAtDoor(history)],
    ['Samples of the server', number(samples.length)],
    [
      'Generator',
      generator &&
        `exit ${generator.exitCode ?? 'by signal'}${generator.maxRssBytes === undefined ? '' : `, ${size(generator.maxRssBytes)}`}`,
    ],
    ['Harness, most memory', harness && size(harness.maxRssBytes)],
  ]
  return rows.flatMap(([name, value]) => (value === undefined ? [] : [[name, value] as [string, string]]))
}

function countOrUnknown(calls: number | undefined): string {
  return calls === undefined ? 'not all of them ended their record' : number(calls)
}

function late(sorted: ArrayLike<number>, p: number): string {
  return `${number(Math.round(quantile(sorted, p) * 10) / 10)} ms`
}

/** Undefined where nobody looked, and where the server runs on another machine. */
function stoodStill(history: History): string | undefined {
  const looked = history.samples.some(({ sampler }) => sampler === 'machine')
  if (!looked || !isHere(history)) return undefined
  const stolen = points(history, 'stolenShare', 'machine').map(({ value }) => value)
  const share = stolen.reduce((sum, value) => sum + value, 0) / stolen.length
  return `${stillsSaid(stillsOf(history))}${stolen.length > 0 ? `; the host took ${number(Math.round(share * 1_000) / 10)} % of its cores over the run` : ''}`
}

/** Undefined where nobody looked. */
function mostAtDoor(history: History): string | undefined {
  const waiting = points(history, 'acceptQueue').map(({ value }) => value)
  return waiting.length === 0 ? undefined : number(waiting.reduce((most, one) => Math.max(most, one), 0))
}

/** Largest change of wall against monotonic time since the first reading. */
function drift(clocks: History['clocks']): string {
  const [first] = clocks
  if (!first || clocks.length < 2) return 'not read'
  const offsets = clocks.map(({ atMs, monotonicMs }) => Math.abs(atMs - first.atMs - (monotonicMs - first.monotonicMs)))
  return `${number(Math.round(offsets.reduce((a, b) => Math.max(a, b), 0) * 10) / 10)} ms over ${number(clocks.length)} readings`
}

function faults(history: History): Markup {
  const records = faultsOf(history)
  if (records.length === 0) return html`<p class="muted small apart">No fault was planned: the stress is the hostile agents.</p>`
  const rows = records.map(({ fault, window, lines, felt, healed }) => {
    const of = (event: Line['event']) => lines.findLast((line) => line.event === event)
    const end = healed ?? of('not-healed')
    return html`<tr><th scope="row">${fault}</th><td>${window}</td><td class="num">${second(of('injected'))}</td><td class="words">${proof(felt ?? of('not-felt'), 'felt')}</td><td class="num">${second(end)}</td><td class="words">${proof(end, 'healed')}</td></tr>`
  })
  return html`<h3 class="part">Did each fault bite?</h3><div class="scroll" role="region" tabindex="0" aria-label="Faults"><table>
<thead><tr><th scope="col">fault</th><th scope="col">window</th><th scope="col" class="num">injected, s</th><th scope="col">felt</th><th scope="col" class="num">healed, s</th><th scope="col">heal</th></tr></thead>
<tbody>${rows}</tbody></table></div>`
}

type Line = History['faults'][number]

function proof(line: Line | undefined, good: 'felt' | 'healed'): string {
  if (!line) return '? not recorded'
  const word = line.event === good ? `✓ ${good}` : `✕ not ${good}`
  return line.detail ? `${word}: ${plain(line.detail, 160)}` : word
}

function second(line: Line | undefined): string {
  return line ? (line.atMs / 1000).toFixed(1) : '–'
}
