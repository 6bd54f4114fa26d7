// One trace a user request: the agent's traceparent (`params._meta` first, else the header), this server's span, and below it one a
// transaction of Postgres and one a request upstream, which is told its own traceparent. Sent as OTLP over HTTP with
// JSON to OTEL_EXPORTER_OTLP_ENDPOINT; without it nothing is made and nothing is paid.
// A collector that is down or hangs costs no call anything: 2,048 spans wait at most and more are dropped, each export gets
// 3 s, and stopping waits no longer than it is told.
// No value of an argument is in a span, no SQL, no agent and no tenant. An agent's own decision not to sample is kept.
// Does not model: tracestate, baggage, sampling by us (a collector does that better, with whole traces in hand).
import { type Span as OtelSpan, ROOT_CONTEXT, SpanKind, SpanStatusCode, type Tracer, trace } from '@opentelemetry/api'
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http'
import { resourceFromAttributes } from '@opentelemetry/resources'
import { BasicTracerProvider, BatchSpanProcessor } from '@opentelemetry/sdk-trace-base'
import type { Answer, Call } from './call.ts'
import type { Settings } from './config.ts'
import { ATTRIBUTES, EXECUTE_TOOL, messageSpan, methodName, TOOL_ERROR } from './telemetry-names.ts'

export interface Traces {
  /** Absent: tracing is off. */
  begin(message: Message): CallTrace | undefined
  /** What is left is sent, at most within this. */
  close(withinMs: number): Promise<void>
}

export interface Message {
  method: string
  tool: string | undefined
  /** What the agent sent, when it is well formed. */
  parent: Parent | undefined
  /** How long ago its headers had been read. */
  ageMs: number
}

export interface CallTrace {
  readonly traceId: string
  child(name: string, attributes?: Record<string, string>): Span
  end(call: Call, answer: Answer | undefined): void
}

/** Work for a call elsewhere: end it exactly once. */
export interface Span {
  /** For whoever is asked. */
  readonly traceparent: string
  end(error?: unknown): void
}

export interface Parent {
  traceId: string
  spanId: string
  flags: number
}

const SEND_EVERY_MS = 1_000
const EXPORT_MS = 3_000
const WAITING_MAX = 2_048
/** Ids as programs make them; what a person might write into one is not repeated. */
export const SANE_ID = /^[A-Za-z0-9._:-]{1,128}$/
const TRACEPARENT = /^(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})(-|$)/

/** W3C Trace Context, "traceparent"; undefined when it is none. */
export function parentIn(traceparent: unknown): Parent | undefined {
  const found = typeof traceparent === 'string' ? TRACEPARENT.exec(traceparent) : null
  if (!found) return undefined
  const [, traceId = '', spanId = '', flags = ''] = found
  return { traceId, spanId, flags: Number.parseInt(flags, 16) & 1 }
}

export function createTraces({ OTEL_EXPORTER_OTLP_ENDPOINT: endpoint, OTEL_SERVICE_NAME: name, INSTANCE }: TracesSettings): Traces {
  if (!endpoint) return { begin: () => undefined, close: async () => undefined }
  const exporter = new OTLPTraceExporter({ url: `${endpoint.replace(/\/$/, '')}/v1/traces`, timeoutMillis: EXPORT_MS, concurrencyLimit: 2 })
  const processor = new BatchSpanProcessor(exporter, {
    maxQueueSize: WAITING_MAX,
    scheduledDelayMillis: SEND_EVERY_MS,
    exportTimeoutMillis: EXPORT_MS,
  })
  const resource = resourceFromAttributes({ [ATTRIBUTES.service]: name, [ATTRIBUTES.instance]: INSTANCE })
  const provider = new BasicTracerProvider({ resource, spanProcessors: [processor] })
  const tracer = provider.getTracer(name)
  return {
    begin: (message) => callTrace(tracer, message),
    close: (withinMs) => within(withinMs, provider.shutdown()),
  }
}

type TracesSettings = Pick<Settings, 'OTEL_EXPORTER_OTLP_ENDPOINT' | 'OTEL_SERVICE_NAME' | 'INSTANCE'>

function callTrace(tracer: Tracer, { method, tool, parent, ageMs }: Message): CallTrace {
  const { traceId, spanId, flags } = parent ?? {}
  const from =
    traceId && spanId ? trace.setSpanContext(ROOT_CONTEXT, { traceId, spanId, traceFlags: flags ?? 0, isRemote: true }) : ROOT_CONTEXT
  const span = tracer.startSpan(messageSpan(method, tool), { kind: SpanKind.SERVER, startTime: Date.now() - ageMs }, from)
  const inside = trace.setSpan(ROOT_CONTEXT, span)
  return {
    traceId: span.spanContext().traceId,
    child(name, attributes = {}) {
      const child = tracer.startSpan(name, { kind: SpanKind.CLIENT, attributes }, inside)
      return { traceparent: traceparentOf(child), end: (error) => finish(child, error) }
    },
    end(call, answer) {
      describe(span, call, answer)
      span.end()
    },
  }
}

function describe(span: OtelSpan, { method, tool, era, id, headers, facts }: Call, answer: Answer | undefined): void {
  const version = headers['mcp-protocol-version']
  span.setAttributes({
    [ATTRIBUTES.method]: methodName(method),
    [ATTRIBUTES.protocolVersion]: typeof version === 'string' && /^[\d-]{1,20}$/.test(version) ? version : era,
    ...(tool && { [ATTRIBUTES.tool]: tool.name, [ATTRIBUTES.operation]: EXECUTE_TOOL }),
    ...(id !== null && SANE_ID.test(String(id)) && { [ATTRIBUTES.requestId]: String(id) }),
    [ATTRIBUTES.queueMs]: facts.queueMs,
  })
  const error = answer?.error
  if (error) {
    span.setAttributes({ [ATTRIBUTES.errorType]: answer.status === 200 ? TOOL_ERROR : error.code, [ATTRIBUTES.statusCode]: error.code })
    if (error.counts === 'system-error') span.setStatus({ code: SpanStatusCode.ERROR })
  } else if (!answer) span.setAttribute(ATTRIBUTES.errorType, 'gone')
}

function finish(span: OtelSpan, error: unknown): void {
  if (error !== undefined) {
    const { code, name } = error as { code?: unknown; name?: unknown }
    span.setAttribute(ATTRIBUTES.errorType, String(code ?? name ?? 'error'))
    span.setStatus({ code: SpanStatusCode.ERROR })
  }
  span.end()
}

function traceparentOf(span: OtelSpan): string {
  const { traceId, spanId, traceFlags } = span.spanContext()
  return `00-${traceId}-${spanId}-${traceFlags.toString(16).padStart(2, '0')}`
}

async function within(ms: number, work: Promise<unknown>): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  const timer = setTimeout(resolve, ms)
  work.then(
    () => resolve(),
    () => resolve(),
  )
  await promise
  clearTimeout(timer)
}
