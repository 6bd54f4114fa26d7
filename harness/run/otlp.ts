// OTLP/HTTP's JSON body → spans as the history keeps them. Pure. Ids are hex, times nanoseconds as text, kinds and statuses numbers
// or their names; a span that lacks what makes it one is left out.
// Kept of a span: its attributes, those of its events, its status and its instance; at most 40 of them, words cut at 200 characters.
// Source: OpenTelemetry, "OTLP specification", JSON Protobuf encoding.
// Not modelled: links, tracestate, the scope that made the span.
import type { SpanLine } from '../history/raw-line.ts'

const ATTRIBUTES_MAX = 40
const CHARACTERS_MAX = 200
const NAME_MAX = 100
const KINDS = ['internal', 'internal', 'server', 'client', 'producer', 'consumer']
const TRACE = /^(?!0{32})[0-9a-f]{32}$/
const SPAN = /^(?!0{16})[0-9a-f]{16}$/

type Json = Record<string, unknown>

/** @returns the spans of a request's body; undefined when it is no such body */
export function spansIn(body: unknown): SpanLine[] | undefined {
  if (!isObject(body) || !Array.isArray(body.resourceSpans)) return undefined
  return objects(body.resourceSpans).flatMap((group) => {
    const instance = attributeOf(objects(isObject(group.resource) ? group.resource.attributes : []), 'service.instance.id')
    return objects(group.scopeSpans).flatMap((scope) => objects(scope.spans).flatMap((span) => spanLine(span, instance) ?? []))
  })
}

function spanLine(span: Json, instance: unknown): SpanLine | undefined {
  const [trace, id, parent] = [span.traceId, span.spanId, span.parentSpanId].map((hex) => String(hex ?? '').toLowerCase())
  const [atMs, endedAtMs] = [ms(span.startTimeUnixNano), ms(span.endTimeUnixNano)]
  if (!TRACE.test(trace ?? '') || !SPAN.test(id ?? '') || atMs === undefined || endedAtMs === undefined) return undefined
  return {
    kind: 'span',
    atMs,
    endedAtMs,
    trace: trace as string,
    span: id as string,
    ...(SPAN.test(parent ?? '') && { parent: parent as string }),
    name: String(span.name ?? '').slice(0, NAME_MAX),
    role: roleOf(span.kind),
    ...(typeof instance === 'string' && { instance: instance.slice(0, NAME_MAX) }),
    attributes: attributesOf(span),
  }
}

function attributesOf(span: Json): SpanLine['attributes'] {
  const kept: SpanLine['attributes'] = {}
  const keep = (name: string, value: unknown) => {
    if (value === undefined || Object.keys(kept).length >= ATTRIBUTES_MAX) return
    kept[name.slice(0, NAME_MAX)] = typeof value === 'string' ? value.slice(0, CHARACTERS_MAX) : (value as number | boolean)
  }
  for (const { key, value } of objects(span.attributes)) keep(String(key), plain(value))
  const { code, message } = isObject(span.status) ? span.status : {}
  if (code === 2 || code === 'STATUS_CODE_ERROR') keep('otel.status_code', 'ERROR')
  if (typeof message === 'string' && message !== '') keep('otel.status_description', message)
  for (const { name, attributes } of objects(span.events))
    for (const { key, value } of objects(attributes)) keep(`event.${String(name)}.${String(key)}`, plain(value))
  return kept
}

function roleOf(kind: unknown): string {
  const number = typeof kind === 'string' ? KINDS.findIndex((name) => kind === `SPAN_KIND_${name.toUpperCase()}`) : Number(kind ?? 0)
  return KINDS[number] ?? 'internal'
}

function attributeOf(attributes: readonly Json[], name: string): unknown {
  return plain(attributes.find(({ key }) => key === name)?.value)
}

/** OTLP's AnyValue as a word or a number; lists and maps as their JSON. */
function plain(value: unknown): string | number | boolean | undefined {
  if (!isObject(value)) return undefined
  const { stringValue, boolValue, intValue, doubleValue, arrayValue, kvlistValue } = value
  if (typeof stringValue === 'string') return stringValue
  if (typeof boolValue === 'boolean') return boolValue
  const number = Number(intValue ?? doubleValue ?? Number.NaN)
  if (Number.isFinite(number)) return number
  return arrayValue === undefined && kvlistValue === undefined ? undefined : JSON.stringify(arrayValue ?? kvlistValue)
}

/** Nanoseconds since 1970 as ms, to a microsecond: more than a double holds. */
function ms(nanoseconds: unknown): number | undefined {
  if (typeof nanoseconds !== 'string' && typeof nanoseconds !== 'number') return undefined
  const value = Number(nanoseconds) / 1_000_000
  return Number.isFinite(value) && value > 0 ? Math.round(value * 1_000) / 1_000 : undefined
}

function objects(value: unknown): Json[] {
  return Array.isArray(value) ? value.filter(isObject) : []
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
