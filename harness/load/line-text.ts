// The generator's lines as JSON text. The two that each call writes are built by hand: k6's engine takes five times as long for the same
// line by JSON.stringify, which was a fifth of all that a call cost. Ids are plain (preconditions.ts
// sees to it), so they stand as they are; whatever came from outside is quoted. Pure; runs inside k6.
import type { CrashLine, Evidence, SendLine, StartLine, StopLine } from '../history/load-line.ts'

/** Lines of which a run has few. */
export function rareLine(line: StartLine | StopLine | CrashLine): string {
  return JSON.stringify(line)
}

export function sendLine(line: Omit<SendLine, 'kind'>): string {
  const { parent, key, credential, altered } = line
  let text = `{"kind":"send","seq":${line.seq},"call":"${line.call}","agent":"${line.agent}","task":"${line.task}","turn":${line.turn},"attempt":${line.attempt}`
  if (parent !== undefined) text += `,"parent":"${parent}"`
  text += `,"role":"${line.role}","tool":${quoted(line.tool)},"plannedAtMs":${line.plannedAtMs},"sentAtMs":${line.sentAtMs},"timeoutMs":${line.timeoutMs}`
  if (key !== undefined) text += `,"key":${JSON.stringify(key)}`
  if (credential !== undefined) text += `,"credential":"${credential}"`
  if (altered) text += ',"altered":true'
  return `${text},"trace":"${line.trace}"}`
}

export function endLine(seq: number, call: string, agent: string, endedAtMs: number, evidence: Evidence): string {
  const head = `{"kind":"end","seq":${seq},"call":"${call}","agent":"${agent}","endedAtMs":${endedAtMs}`
  return isUsual(evidence, call) ? usualEnd(head, call, evidence) : anyEnd(head, evidence)
}

/** A fine result with no more to tell than its headers. */
function isUsual({ status, parsed, isError, rpcId, message, hash, replayed, tenants }: Evidence, call: string): boolean {
  const plain = message === undefined && hash === undefined && replayed === undefined && tenants === undefined
  return plain && status === 200 && parsed === true && isError === false && rpcId === call
}

/** In one piece: adding names and values one after the other, as below, takes three times as long. */
function usualEnd(head: string, call: string, evidence: Evidence): string {
  const { contentType, retryAfter, rateLimit, rateLimitPolicy, instance, sizeBytes, correct } = evidence
  const type = contentType === undefined ? '' : `,"contentType":${quoted(contentType)}`
  const wait = retryAfter === undefined ? '' : `,"retryAfter":${JSON.stringify(retryAfter)}`
  const limit = rateLimit === undefined ? '' : `,"rateLimit":${JSON.stringify(rateLimit)}`
  const policy = rateLimitPolicy === undefined ? '' : `,"rateLimitPolicy":${quoted(rateLimitPolicy)}`
  const who = instance === undefined ? '' : `,"instance":${quoted(instance)}`
  const right = correct === undefined ? '' : `,"correct":${correct}`
  const headers = `${type}${wait}${limit}${policy}${who}`
  return `${head},"status":200${headers},"sizeBytes":${sizeBytes},"parsed":true,"rpcId":"${call}","isError":false${right}}`
}

function anyEnd(head: string, evidence: Evidence): string {
  let text = head
  const names = Object.keys(evidence) as (keyof Evidence)[]
  for (let n = 0; n < names.length; n++) text += `,"${names[n]}":${JSON.stringify(evidence[names[n] as keyof Evidence])}`
  return `${text}}`
}

/** Texts that come again and again: a run's tools, its answers' types. */
const known = new Map<string, string>()
const KNOWN_MAX = 200

function quoted(text: string): string {
  let quotes = known.get(text)
  if (quotes === undefined) {
    quotes = JSON.stringify(text)
    if (known.size < KNOWN_MAX) known.set(text, quotes)
  }
  return quotes
}
