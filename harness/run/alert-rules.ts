// Alert rules are evaluated on the readings of a run, by Prometheus' own promtool: its unit tests of rules take series and tell what fires.
// Rules speak of minutes and a run has seconds, so the time axis is stretched: the shortest stress stands for ten minutes. Counters are
// stretched alike, so that a rate stays the rate that it was; a gauge is what it is. Pure but for `firing`.
// Not modelled: what Prometheus would have known from the days before; silences and routes of the alert manager.
import { execFile } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import type { Manifest } from '../history/manifest.ts'
import type { Series } from '../samplers/prometheus-text.ts'

export interface AlertReading {
  /** Ms since the run's start; in raw/metrics.ndjson, by the wall clock. */
  atMs: number
  instance: string
  /** Undefined: the metrics were not answered. */
  series?: readonly Series[]
}

export type FiredAlert = NonNullable<Manifest['alerts']>['fired'][number]

const STRESS_STANDS_FOR_MS = 600_000
const EVALUATION_INTERVAL = '15s'
/** Readings between two looks at what fires. */
const LOOK_EVERY = 2
const PROMTOOL_MS = 60_000
const OUTPUT_BYTES_MAX = 64_000_000
export const RULES_FILE = 'alert-rules.yml'
const TEST_FILE = 'alert-test.json'

/** How many ms of the rules' time one ms of the run stands for; a run of hours is taken as it is. */
export function stretchOf(phases: readonly { name: string; fromMs: number; toMs: number }[]): number {
  const stresses = phases.filter(({ name }) => name === 'stress').map(({ fromMs, toMs }) => toMs - fromMs)
  return Math.max(1, STRESS_STANDS_FOR_MS / Math.min(STRESS_STANDS_FOR_MS, ...stresses))
}

export function alertNames(rules: string): string[] {
  return [...new Set([...rules.matchAll(/^[\s-]*alert:\s*["']?([\w:]+)/gm)].map(([, name = '']) => name))]
}

/** Words of the rules: a series whose name is none of them cannot matter. */
export function namesIn(rules: string): ReadonlySet<string> {
  return new Set(rules.match(/[a-zA-Z_:][\w:]*/g))
}

/** Of the text's `# TYPE` lines: the series that only rise. */
export function countersIn(text: string): string[] {
  return [...text.matchAll(/^# TYPE (\S+) (counter|histogram|summary)$/gm)].flatMap(([, name = '', type]) =>
    type === 'counter' ? [name, `${name}_total`] : ['_bucket', '_sum', '_count'].map((end) => name + end),
  )
}

interface Evaluation {
  readings: readonly AlertReading[]
  counters: ReadonlySet<string>
  everyMs: number
  stretch: number
  job: string
}

/** What promtool reads; looks expect nothing, so that it tells all that fires. */
export function testOf({ readings, counters, everyMs, stretch, job }: Evaluation) {
  const slotOf = ({ atMs }: AlertReading) => Math.round(atMs / everyMs)
  const slots = Math.max(0, ...readings.map(slotOf)) + 1
  const values = new Map<string, string[]>()
  const put = (series: string, slot: number, value: number) => {
    if (slot < 0 || !Number.isFinite(value)) return
    const known = values.get(series) ?? Array.from({ length: slots }, () => '_')
    known[slot] = String(value)
    values.set(series, known)
  }
  for (const reading of readings) {
    const where = `instance=${JSON.stringify(reading.instance)},job=${JSON.stringify(job)}`
    put(`up{${where}}`, slotOf(reading), reading.series ? 1 : 0)
    for (const { name, labelText, value } of reading.series ?? []) {
      const own = labelText.slice(1, -1).replace(/,\s*$/, '')
      put(`${name}{${own === '' ? '' : `${own},`}${where}}`, slotOf(reading), counters.has(name) ? value * stretch : value)
    }
  }
  const looks = Array.from({ length: Math.ceil(slots / LOOK_EVERY) }, (_, n) => n * LOOK_EVERY)
  return {
    rule_files: [RULES_FILE],
    evaluation_interval: EVALUATION_INTERVAL,
    tests: [
      {
        interval: `${Math.round(everyMs * stretch)}ms`,
        input_series: [...values].map(([series, list]) => ({ series, values: list.join(' ') })),
        promql_expr_test: looks.map((slot) => ({
          expr: 'ALERTS{alertstate="firing"}',
          eval_time: `${Math.round(slot * everyMs * stretch)}ms`,
          exp_samples: [],
        })),
      },
    ],
  }
}

/** Promtool's complaints: at each look the alerts that it did not expect. */
export function firedIn(output: string, lookMs: number, stretch: number): FiredAlert[] {
  const fired: FiredAlert[] = []
  for (const [, when = '', got = ''] of output.matchAll(/time: (\w+),\s+exp:\s*(?:nil|\[\s*\])?\s+got:\s*(.*)/g)) {
    const atMs = durationMs(when) / stretch
    for (const [labelText] of got.matchAll(/\{(?:[^"}]|"(?:[^"\\]|\\.)*")*\}/g)) {
      const { alertname: alert = '', ...labels } = labelsOf(labelText)
      const key = JSON.stringify(labels)
      const open = fired.find((one) => one.alert === alert && JSON.stringify(one.labels) === key && atMs - one.toMs < lookMs * 1.5)
      if (open) open.toMs = atMs
      else fired.push({ alert, labels, fromMs: atMs, toMs: atMs })
    }
  }
  return fired
}

function labelsOf(text: string): Record<string, string> {
  const all = [...text.matchAll(/([a-zA-Z_]\w*)="((?:[^"\\]|\\.)*)"/g)].map(([, name = '', value = '']) => [name, value] as const)
  return Object.fromEntries(all.filter(([name]) => name !== '__name__' && name !== 'alertstate'))
}

const UNITS_MS: Record<string, number> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 }

/** `7m48s750ms` → 468,750. */
export function durationMs(text: string): number {
  return [...text.matchAll(/(\d+)(ms|[smhdw])/g)].reduce((sum, [, count, unit = 's']) => sum + Number(count) * (UNITS_MS[unit] ?? 0), 0)
}

/**
 * @param folder where RULES_FILE lies; the test's file is written beside it
 * @throws Error when promtool cannot take the rules or the series, with what it says
 */
export async function firing(promtool: string, folder: string, evaluation: Evaluation): Promise<FiredAlert[]> {
  await writeFile(path.join(folder, TEST_FILE), JSON.stringify(testOf(evaluation)))
  const { everyMs, stretch } = evaluation
  const { code, output } = await ran(promtool, ['test', 'rules', TEST_FILE], folder)
  if (code !== 0 && !output.includes('got:')) throw new Error(output.trim().slice(0, 500))
  return firedIn(output, LOOK_EVERY * everyMs, stretch)
}

/** @throws Error `ENOENT`, when there is no such program */
export function ran(program: string, words: string[], cwd: string): Promise<{ code: number; output: string }> {
  return new Promise((resolve, reject) => {
    execFile(program, words, { cwd, timeout: PROMTOOL_MS, maxBuffer: OUTPUT_BYTES_MAX }, (error, stdout, stderr) => {
      if (error && typeof error.code !== 'number') reject(error)
      else resolve({ code: Number(error?.code ?? 0), output: `${stdout}\n${stderr}` })
    })
  })
}
