// How to do it again: the command, what ran where, and the raw files beside this page, from which every figure on it was made.
// Links are relative, so that they work in a folder that was sent by mail.
import type { History } from '../../history/history.ts'
import { number, size } from '../figures.ts'
import { html, type Markup } from '../markup.ts'
import type { Source } from '../source.ts'

export function reproduceSection({ history }: Source): Markup {
  const { manifest } = history
  const { commit, dirty, planHash, platform, cores, memoryBytes, url, driver, run } = manifest
  const rows: [string, string][] = [
    ['Commit', commit === undefined ? 'not known' : `${commit.slice(0, 12)}${dirty ? ', with changes' : ''}`],
    ['Plan', planHash.slice(0, 16)],
    ['Seed', String(manifest.seed)],
    ['Host', `${platform}, ${number(cores)} cores, ${size(memoryBytes)}`],
    ['Server', url],
    ['Generator', driver],
    ['Run', run],
    ...Object.entries(manifest.versions),
  ]
  return html`<section id="reproduce" aria-labelledby="reproduce-title">
<h2 id="reproduce-title">Reproduce</h2>
<p class="about">The same seed draws the same plan, byte for byte.</p>
<pre>${manifest.command}</pre>
<h3 class="part">What ran</h3>
<dl class="pairs">${rows.map(([name, value]) => html`<div><dt>${name}</dt><dd class="mono">${value}</dd></div>`)}</dl>
<h3 class="part">Files beside this page</h3>
<ul class="files">${filesOf(history).map(([file, what]) => html`<li><a href="${file}">${file}</a> <span class="muted small">${what}</span></li>`)}</ul>
</section>`
}

function filesOf({ manifest, faults, attempts, samples, effects }: History): [string, string][] {
  const logs = manifest.offers.logs === true ? Array.from({ length: manifest.declared.instances ?? 1 }, (_, i) => i + 1) : []
  const raw: [string, string, boolean][] = [
    ['raw/load.ndjson', 'every call as sent and answered', true],
    ['raw/faults.ndjson', 'faults as injected, felt, healed', faults.length > 0],
    ['raw/links.ndjson', 'connection attempts at the proxy', attempts.length > 0],
    ['raw/samples.ndjson', 'metrics as sampled', samples.length > 0],
    ['raw/effects.ndjson', 'rows by idempotency key', effects.length > 0],
    ['raw/clock.ndjson', 'clock readings', true],
  ]
  return [
    ['verdicts.json', 'what this page says, as data'],
    ['history.ndjson', 'all of it, merged and classified'],
    ['plan.json', 'what was to be sent'],
    ['manifest.json', 'what ran, where, how'],
    ...raw.flatMap(([file, what, there]) => (there ? [[file, what] as [string, string]] : [])),
    ...logs.slice(0, 16).map((n): [string, string] => [`raw/server-${n}.log`, 'the server’s own log']),
  ]
}
