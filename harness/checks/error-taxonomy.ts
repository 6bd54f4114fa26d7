// A19: an error is one of those the server has published, and tells its caller nothing of the inside. A bare 500, a stack trace, a line of
// SQL or a host name in an answer goes into a model's context, and from there anywhere; and an agent that cannot tell what failed tries it
// again.
//
// A failure told as a success is none of those: an answer that breaks its role's rules, or begins with "Error", while what it needs is
// broken, where none did in the steady phase; nor is one told as the caller's mistake. An agent takes an empty list for the truth.
//
// Looked at: every answer that is no success. Codes are held to `declared.errorCodes` where the target lists them. A 5xx around a fault at
// the server itself (killed, frozen, drained) is left out: whoever stands before it may have said it; so is an event stream that ends there
// without an answer, or may be taken up again by who can (k6 cannot). A lead that is refused for its session is no lead refused. A 408 with
// nothing in it, of a call that no log has, crossed it on a connection closed unread. What the caller has sent itself is nothing of the
// inside, nor is the address that it asked. Not modelled: secrets (nothing-leaks), prose that is wrong, leads that may expire.
import { codesOf } from '../history/codes.ts'
import { isCutStream, mayGoOn } from '../history/cut-stream.ts'
import type { Call } from '../history/event.ts'
import { type FaultRecord, faultsOf } from '../history/faults.ts'
import { notServed } from '../history/gathered.ts'
import type { History } from '../history/history.ts'
import { measured, needs, overlaps } from '../history/queries.ts'
import { wordsOf } from '../history/words.ts'
import { check } from './check.ts'
import { indexes, notExercised, some, unknown } from './finding.ts'
import { insideOf, PATH } from './inside.ts'

const WITNESSES = 20
const MASKED = 'a success that is none: it breaks the rules of its role'
const BLAMED = 'told as its caller’s mistake while what it needs is broken'

export const errorTaxonomy = check({
  code: 'A19',
  title: 'Errors are the published ones, and tell nothing of the inside',
  why: 'An error goes into the model’s context. What it cannot read it repeats; what it should not see it passes on.',
  remedy: {
    control: 'errors',
    do: 'Map every failure to a code of one published table with a plain sentence; log the rest under the request id, and send none of it.',
    runbook: 'INTERNAL',
  },
  source: 'OWASP API8:2023, "Security Misconfiguration"; seed 1, "Return codes that agents actually understand"',
  sort: 'exact',
  needs: ['responses'],
  limits: {},
  judge(history) {
    const faults = faultsOf(history).filter(({ dependency }) => dependency !== undefined)
    const own = faults.filter(({ dependency }) => dependency === 'server')
    const goesOn = ({ evidence }: Call) => isCutStream(evidence) && mayGoOn(evidence, history.manifest)
    const open = notServed(history).filter(goesOn)
    const errors = notServed(history).filter(
      (call) =>
        call.endedAtMs !== undefined &&
        call.evidence.transport === undefined &&
        !(call.class === 'lost' && call.evidence.status === 408 && call.server === undefined) &&
        !goesOn(call) &&
        !(isSaidBefore(call) && own.some((fault) => overlaps(call, { fromMs: fault.fromMs, toMs: fault.overMs }))),
    )
    const served = history.calls.filter(({ class: is }) => is === 'served')
    const masked = onlyWhenBroken(history, faults, served, isMasked).map((call) => ({ call, flaw: MASKED }))
    const behind = faults.filter((fault) => !own.includes(fault))
    const blamed = new Set(onlyWhenBroken(history, behind, history.calls.filter(isOfCaller), isBlamed))
    const samples = errors.length + masked.length
    if (samples === 0 && open.length === 0) return notExercised('no call was answered with an error')
    const told = errors.flatMap((call) => {
      const flaw = flawOf(history, call) ?? (blamed.has(call) ? BLAMED : undefined)
      return flaw === undefined ? [] : [{ call, flaw }]
    })
    const flawed = [...told, ...masked]
    if (flawed.length === 0 && open.length > 0)
      return unknown(`${some(open.length, 'event stream')} ended without an answer, to be taken up again: --driver undici does that`, {
        samples,
        witnesses: indexes(open.slice(0, WITNESSES)),
      })
    const kinds = [...Map.groupBy(flawed, ({ flaw }) => flaw)].sort((a, b) => b[1].length - a[1].length)
    return {
      status: flawed.length > 0 ? 'fail' : 'pass',
      measured: flawed.length,
      limit: 0,
      unit: 'errors outside the table',
      samples,
      says:
        kinds.length > 0
          ? kinds.map(([flaw, calls]) => `${some(calls.length, 'error')} of ${samples}: ${flaw}`).join('; ')
          : `all ${some(errors.length, 'error')} are of the published table`,
      // One of each kind first.
      witnesses: [...new Set(indexes([...kinds.flatMap(([, calls]) => calls.slice(0, 1)), ...flawed].map(({ call }) => call)))].slice(
        0,
        WITNESSES,
      ),
    }
  },
})

/** Or cut off by it. */
function isSaidBefore({ evidence }: Call): boolean {
  return evidence.status >= 500 || isCutStream(evidence)
}

function flawOf({ manifest, plan }: History, call: Call): string | undefined {
  const { class: is, evidence } = call
  const { status, data, rpcCode } = evidence
  if (isCutStream(evidence)) return 'an event stream that ended without an answer'
  // What is no answer at all may be the beginning of one: its words are no error's.
  const text = status === 200 && evidence.parsed === false ? '' : withoutOwn(wordsOf(evidence), manifest.url)
  const inside = insideOf(text) && insideOf(withoutEcho(text, { manifest, plan }, call))
  // What an earlier answer led to is in no plan: the path may be the very one that was asked for.
  const echoed = inside === PATH && wasLed(plan, call)
  if (inside && !echoed) return `${inside} in the answer`
  const code = data?.code
  const typed = code !== undefined || (rpcCode !== undefined && rpcCode !== 0)
  const { errorCodes } = manifest.declared
  const listed = Array.isArray(errorCodes)
  const inTable = listed && codesOf(evidence).some((one) => errorCodes.includes(one))
  const named = code ?? (is === 'server-error' ? rpcCode : undefined)
  if (listed && named !== undefined && !inTable) return `code ${String(named)}, which is not in the table`
  // A tool that fails in plain words is within MCP, and so is an error of JSON-RPC; only a server that publishes codes owes one of them.
  const inWords = evidence.isError === true && status === 200
  const published = listed ? inTable : typed || inWords
  if ((is === 'unclassified' || is === 'lost') && !published) return `nobody can tell what it means (HTTP ${status})`
  const refused = is === 'invalid' && status !== 404 && !NO_SESSION.test(text)
  if (refused && wasLed(plan, call)) return 'a cursor or path that the server had given is refused'
  if (is === 'unexplained' && !(listed ? published : isOwnCode(code ?? rpcCode))) return 'a 503 without a code'
  if (status >= 500 && !typed) return `a bare ${status}`
  if (is === 'server-error' && !typed && evidence.rpcId !== undefined && evidence.rpcId !== call.call)
    return 'an answer under the id of another call'
  if (is === 'server-error' && !typed) return `an answer that is no JSON-RPC (HTTP ${status})`
  return undefined
}

/** Servers that keep their sessions say it with 400 too. */
const NO_SESSION = /\bsession\b|\binitiali[sz]/i

const CALM_LEAST = 20
/** What none of n answers did, at most 3 in n do, with 95 %. */
const RULE_OF_THREE = 3

/** As many a tool puts its failure into words, in a result like any other. */
const FAILED_PROSE = /^\W*(?:error|exception|fail(?:ed|ure)|unable to|could not|cannot)\b/i

function isMasked({ evidence: { correct, message = '' } }: Call): boolean {
  return correct === false || FAILED_PROSE.test(message)
}

function isOfCaller(call: Call): boolean {
  return measured(call) && call.credential === undefined && call.evidence.status > 0
}

/** A session that has gone with what is broken is no mistake, and told as the protocol has it. */
function isBlamed({ class: is, evidence }: Call): boolean {
  return (is === 'invalid' || is === 'denied') && evidence.status !== 404 && !NO_SESSION.test(wordsOf(evidence))
}

/** Of these calls those that are wrong while what their role needs is broken, where none was in the steady phase. */
function onlyWhenBroken(
  history: History,
  broken: readonly FaultRecord[],
  calls: readonly Call[],
  isWrong: (call: Call) => boolean,
): Call[] {
  if (broken.length === 0) return []
  return [...Map.groupBy(calls, ({ role }) => role)].flatMap(([role, own]) => {
    const calm = own.filter(({ phase }) => phase === 'steady')
    if (calm.length < CALM_LEAST || calm.some(isWrong)) return []
    const faults = broken.filter(({ dependency = '' }) => needs(history, role, dependency))
    const then = own.filter((call) => faults.some(({ fromMs, overMs }) => overlaps(call, { fromMs, toMs: overMs })))
    const wrong = then.filter(isWrong)
    return wrong.length > (RULE_OF_THREE / calm.length) * then.length ? wrong : []
  })
}

/** Numbers from −32768 to −32000 are JSON-RPC's: they say that something went wrong, not what. */
function isOwnCode(code: unknown): boolean {
  return code !== undefined && !(typeof code === 'number' && code >= -32_768 && code <= -32_000)
}

/** Whoever asked knows where: problem types and hints lead back there. */
function withoutOwn(text: string, url: string): string {
  return text.replace(new RegExp(`${new URL(url).host.replace(/[.[\]]/g, '\\$&')}(?!\\d)`, 'g'), '…')
}

const ECHO_LEAST = 4

/**
 * Words of the call's own arguments are taken out, as they are and as they stand in JSON: an error may well quote what it is about; and
 * the path that was asked, which a page of errors may name.
 */
function withoutEcho(text: string, { manifest, plan }: Pick<History, 'manifest' | 'plan'>, { agent, task, turn }: Call): string {
  const calls = plan.agents.find((one) => one.agent === agent)?.tasks.find((one) => one.task === task)?.calls ?? []
  const asked = calls.filter((one) => one.turn === turn).map((one) => one.arguments)
  const words = wordsIn([asked, new URL(manifest.url).pathname])
  return words.reduce((left, word) => left.replaceAll(word, '…').replaceAll(JSON.stringify(word).slice(1, -1), '…'), text)
}

function wordsIn(value: unknown): string[] {
  if (typeof value === 'string') return value.length >= ECHO_LEAST ? [value] : []
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(wordsIn) : []
}

/** Its arguments came out of an earlier answer: it lies beyond the turns that were planned. */
function wasLed({ agents }: History['plan'], { agent, task, turn }: Call): boolean {
  const planned = agents.find((one) => one.agent === agent)?.tasks.find((one) => one.task === task)
  return planned !== undefined && planned.calls.length > 0 && planned.calls.every((one) => one.turn < turn)
}
