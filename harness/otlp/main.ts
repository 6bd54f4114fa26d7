// The exporter's process: follows a run's raw files while they grow and sends spans and metrics to the user's own collector. A process of
// its own, at the lowest priority, that reads what is written anyway: whatever the receiver does, the load does not wait for it. Told to
// end (SIGTERM, or its parent is gone), it reads the rest, sends what it can within ten seconds,
// and says on stdout, in its last line, what became of it.
//   node harness/otlp/main.ts <run folder> <endpoint>; headers by OTEL_EXPORTER_OTLP_HEADERS (name=value,…), as exporters take them
import { readFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { Follower } from '../history/follower.ts'
import { loadFileNames } from '../history/load-files.ts'
import type { LoadLine } from '../history/load-line.ts'
import type { Manifest } from '../history/manifest.ts'
import type { FaultLine } from '../history/raw-line.ts'
import type { Plan } from '../plan/plan.ts'
import { attributes, metricsRequest, traceRequest } from './encoding.ts'
import { ExportQueue } from './export-queue.ts'
import { Meter } from './meter.ts'
import { runSpans } from './run-spans.ts'
import { Spans } from './spans.ts'

const LOOK_EVERY_MS = 500
const METRICS_EVERY_MS = 5_000
const FLUSH_MS = 10_000

const [, , folder = '', endpoint = ''] = process.argv
const json = async <T>(name: string) => JSON.parse(await readFile(path.join(folder, name), 'utf8')) as T
const manifest = await json<Manifest>('manifest.json')
const plan = await json<Plan>('plan.json')

const over = new AbortController()
const late = new AbortController()
const end = () => {
  over.abort()
  setTimeout(() => late.abort(), FLUSH_MS).unref()
}
process.once('SIGTERM', end)
process.once('disconnect', end)
os.setPriority(os.constants.priority.PRIORITY_LOW)
process.stdout.write('following\n')

const resource = attributes({
  'service.name': 'mcp-stampede',
  'stampede.run': manifest.run,
  'stampede.scenario': manifest.scenario,
  'stampede.target': manifest.target,
})
const queue = new ExportQueue(endpoint, headersOf(process.env.OTEL_EXPORTER_OTLP_HEADERS), (spans) => traceRequest(resource, spans))
const meter = new Meter(Date.now())
const spans = new Spans(manifest.errors, (ended) => meter.call(ended))
const starts: number[] = []
const faults: FaultLine[] = []
const raw = path.join(folder, 'raw')
const loads = loadFileNames(manifest.generators ?? 1).map((name) => new Follower<LoadLine>(path.join(raw, name)))
const faultFile = new Follower<FaultLine>(path.join(raw, 'faults.ndjson'))

let measuredAt = 0
for (;;) {
  // Looked at before reading: what was written until the end is still read.
  const last = over.signal.aborted
  for (const [position, file] of loads.entries()) await file.read((line) => takeLoad(line, position))
  await faultFile.read((line) => {
    faults.push(line)
    meter.fault(line)
  })
  if (last) break
  if (Date.now() - measuredAt >= METRICS_EVERY_MS) {
    measuredAt = Date.now()
    void queue.metrics(metricsRequest(resource, meter.read(measuredAt, spans.underWay)), late.signal)
  }
  await wait(LOOK_EVERY_MS, undefined, { signal: over.signal }).catch(() => undefined)
}
const t0Ms = Math.min(...starts.filter(Number.isFinite))
if (Number.isFinite(t0Ms)) queue.add(runSpans({ run: manifest.run, plan, t0Ms, faults }), late.signal)
queue.add(spans.finish(), late.signal)
await queue.metrics(metricsRequest(resource, meter.read(Date.now(), spans.underWay)), late.signal)
await queue.flush(late.signal)
process.stdout.write(`${JSON.stringify({ ...queue.sent, lost: spans.lost })}\n`, () => process.exit(0))

function takeLoad(line: LoadLine, position: number): void {
  if (line.kind === 'start') starts[position] ??= line.atMs
  const t0 = starts[position]
  if (t0 !== undefined) queue.add(spans.take(line, t0), late.signal)
}

function headersOf(text = ''): Record<string, string> {
  const pairs = text.split(',').flatMap((pair) => {
    const [name = '', ...value] = pair.split('=')
    return name.trim() === '' ? [] : [[name.trim().toLowerCase(), decodeURIComponent(value.join('=').trim())]]
  })
  return Object.fromEntries(pairs)
}
