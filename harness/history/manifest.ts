// manifest.json: what ran, where and how. Written at a run's start, completed at its end; read by the merge, the checks and the report.
import type { Plan, PlannedArrivals, Role } from '../plan/plan.ts'
import type { Declared } from '../target.ts'

export interface Manifest {
  schemaVersion: number
  run: string
  scenario: string
  target: string
  scale: Plan['scale']
  seed: number
  planHash: string
  weaken?: string
  starved?: boolean
  protocol: Plan['protocol']
  /** Which load driver followed the plan: `k6` or `undici`. */
  driver: string
  /** Processes that shared the plan; absent: one. */
  generators?: number
  /** ISO 8601. */
  startedAt: string
  /** Wall-clock ms of the run's start: 0 of every `atMs`. Absent until the load began. */
  t0Ms?: number
  endedAt?: string
  /** `aborted`: stopped before its end (Ctrl-C, a crash); judged up to there. */
  state: 'running' | 'complete' | 'aborted'
  url: string
  /** What the target declared. */
  declared: Declared
  /** Whole numbers among the settings that the harness started the server with, by the server's own names; no other is kept. */
  settings?: Record<string, string>
  /** Where the server's runbook lies, as the target names it. */
  runbook?: string
  /** What can be seen of this target: `true`, or the line to add to the target that would make it so. */
  offers: Record<string, true | string>
  errors: Record<string, string>
  /** Result header and log field names in use, for the report. */
  observed: {
    postgresRole?: string
    instanceHeader?: string
    requestId?: string
    /** Log field with the call's duration; a dot steps into an object. Without it the usual names are tried. */
    durationMs?: string
    /** Roles whose effects are counted; absent: those that have an effect line. */
    effectRoles?: Role[]
  }
  versions: Record<string, string>
  commit?: string
  dirty?: boolean
  cores: number
  memoryBytes: number
  platform: string
  command: string
  /** How bursty the plan's arrivals are; absent in runs that were recorded before it was measured. */
  arrivals?: PlannedArrivals
  /** The server's spans; absent when there was no collector for them. */
  spans?: CollectedSpans
  /** When credentials were taken back while they were in use, ms since the run's start; absent: before the run, if at all. */
  revoked?: { fromMs: number; toMs: number }
  /** What was looked for in what the server wrote; absent when nothing was. */
  searched?: Searched
  generator?: { exitCode: number | null; maxRssBytes?: number }
  harness?: { maxRssBytes: number }
  /** Distinct call ids of this run found in the server's logs; absent when logs are not observed. */
  callsInServerLog?: number
  /** Of those, with more than one line that says how long the call took; absent too when no line says that. */
  callsTwiceInServerLog?: number
  /** Each generator, once merged; absent where one alone sent the load. */
  fleet?: GeneratorRecord[]
  /** Raw files by name, once merged: `damaged` ones are judged as far as they could be read; absent ones were not there. */
  raw?: Record<string, 'whole' | 'damaged'>
  /** When each fault was in force, ms since the run's start: from its injection to the end of its healing. Absent until the end. */
  faults?: { window: string; fault: string; turn?: number; fromMs: number; toMs: number; felt: boolean; healed: boolean }[]
  /** What the server's alert rules made of its metrics; absent: nobody asked, or they could not be evaluated. Times: ms from the start. */
  alerts?: {
    /** A second of the run stood for so many of the rules' own. */
    stretch: number
    /** Names of all alerts that there are. */
    rules: string[]
    readings: number
    fired: { alert: string; labels: Record<string, string>; fromMs: number; toMs: number }[]
  }
  /** What was odd, in sentences: a raw file cut in a line, leftovers cleaned, a rebuilt connection. */
  notes: string[]
}

/** What the run's own collector of spans got to see. */
export interface CollectedSpans {
  received: number
  /** In raw/spans.ndjson. */
  kept: number
  /** One of every so many traces is there, each of those whole; a power of two. */
  oneIn: number
  /** Requests that were refused, and why the first one was. */
  refused: number
  because?: string
}

/** One generator of several, as the merge found it. */
export interface GeneratorRecord {
  /** From 1. */
  part: number
  of: number
  file: string
  /** `died`: some of its agents have no end. */
  state: 'ended' | 'died' | 'never-started'
  agents: number
  /** Of those, without an end. */
  open: number
  lines: number
  /** Start lines: 1, when all is well. */
  starts: number
  /** How long after the first it began, on the harness's clock; 0 when it never did. */
  laterMs: number
  /** What was added to its clock, and how far off that may be either way; absent: never measured. */
  offsetMs: number
  uncertaintyMs?: number
  /** Agents whose lines are in its file and belong to another one. */
  strangers?: string[]
}

/** The search for leaks. */
export interface Searched {
  /** Planted into arguments. */
  secrets: number
  tokens: number
  files: number
  /** Places at which one was; at most 1,000 of them are in raw/leaks.ndjson. */
  found: number
}
