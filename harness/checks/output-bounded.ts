// A33: no answer is larger than the server says it can be, one that was cut says so, and a write that was done is never failed
// for the size of its echo. A result without a bound fills the model's context, the server's memory and the wire at once.
//
// No limits of its own: `declared.outputMaxBytes` of the target, over all answers, as their bodies came over the wire: a result that stands
// there as text and as structuredContent counts twice. The frame of JSON-RPC around it is not held against the server (1 kB, ours). A
// write that is answered with "too large", by code or in words, is a fail whatever its size: nobody knows any more whether it happened.
// Not modelled: a server that cuts and does not say so.
import { codesOf } from '../history/codes.ts'
import type { Call } from '../history/event.ts'
import { notServed } from '../history/gathered.ts'
import { check } from './check.ts'
import { indexes, notExercised, some } from './finding.ts'

const WITNESSES = 20
const FRAME_BYTES = 1_000
const WRITES: ReadonlySet<string> = new Set(['write', 'money'])

export const outputBounded = check({
  code: 'A33',
  title: 'No answer is larger than the declared cap',
  why: 'Whatever a tool returns goes into memory here, over the wire, and into a context window that somebody pays for.',
  remedy: {
    control: 'output-cap',
    do: 'Cut lists at a number of rows and bytes, say `truncated` and give a cursor; fail a read whose single value cannot be cut, never a write that is done.',
    runbook: 'RESULT_TOO_LARGE',
  },
  source: 'seed 1, "Output bounds"; MCP 2026-07-28, pagination',
  sort: 'exact',
  needs: ['declared.outputMaxBytes'],
  limits: {},
  judge(history) {
    const { outputMaxBytes: limit = 0 } = history.manifest.declared
    const answered = history.calls.filter(({ role, evidence }) => role !== 'handshake' && evidence.sizeBytes !== undefined)
    if (answered.length === 0) return notExercised('no answer had a size')
    const largest = answered.reduce((most, { evidence }) => Math.max(most, evidence.sizeBytes ?? 0), 0)
    const isOver = ({ evidence }: Call) => (evidence.sizeBytes ?? 0) > limit + FRAME_BYTES
    const over = (largest > limit ? answered.filter(isOver) : []).sort((a, b) => (b.evidence.sizeBytes ?? 0) - (a.evidence.sizeBytes ?? 0))
    const failedWrites = notServed(history).filter(
      (call) => WRITES.has(call.role) && ((call.class === 'too-large' && wasDone(call)) || saysTooLarge(call)),
    )
    const flawed = over.length + failedWrites.length > 0
    return {
      status: flawed ? 'fail' : 'pass',
      measured: largest,
      limit,
      unit: 'bytes',
      samples: answered.length,
      says: [
        over.length > 0
          ? `${over.length} of ${some(answered.length, 'answer')} over ${limit} bytes, the largest ${largest} as it came over the wire`
          : `the largest of ${some(answered.length, 'answer')} has ${largest} bytes`,
        ...(failedWrites.length > 0 ? [`${some(failedWrites.length, 'write')} failed for the size of the answer`] : []),
      ].join('; '),
      witnesses: indexes([...failedWrites, ...over].slice(0, WITNESSES)),
      ...(over.length > 0 && {
        advice: [{ setting: 'OUTPUT_MAX_BYTES', present: String(limit), suggested: String(limit) }],
      }),
    }
  },
})

/** A request that was too large was refused before it was done. By the code; without a known one 413 speaks of the request. */
function wasDone({ evidence }: Call): boolean {
  const codes = codesOf(evidence).join(' ')
  if (evidence.sizeBytes === undefined || /\bREQUEST_TOO_LARGE\b|\b41301\b/i.test(codes)) return false
  return evidence.status === 200 || /\bRESULT_TOO_LARGE\b|\b41302\b/i.test(codes)
}

/** Of the result: a request may be too large. */
const TOO_LARGE = /\b(?:results?|responses?|output|answer)\b[^.]{0,40}\b(?:too (?:large|long|big)|exceed(?:s|ed)?|larger than)\b/i

function saysTooLarge({ class: is, evidence }: Call): boolean {
  return is === 'unclassified' && evidence.isError === true && TOO_LARGE.test(evidence.message ?? '')
}
