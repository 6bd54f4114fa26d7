// OTLP as JSON: the few shapes that are sent. Pure.
// Source: opentelemetry-proto, trace/v1, metrics/v1, common/v1, and its JSON mapping (ids as hex, 64-bit numbers as text).

export interface OtlpSpan {
  traceId: string
  spanId: string
  parentSpanId?: string
  name: string
  /** 1 internal, 3 client. */
  kind: 1 | 3
  startTimeUnixNano: string
  endTimeUnixNano: string
  attributes: Attribute[]
  events?: { timeUnixNano: string; name: string; attributes: Attribute[] }[]
  /** 2: error. */
  status?: { code: 2; message?: string }
}

export interface Attribute {
  key: string
  value: { stringValue: string } | { intValue: string } | { doubleValue: number } | { boolValue: boolean }
}

export interface OtlpMetric {
  name: string
  unit: string
  sum?: { aggregationTemporality: 2; isMonotonic: true; dataPoints: object[] }
  gauge?: { dataPoints: object[] }
  histogram?: { aggregationTemporality: 2; dataPoints: object[] }
}

type Value = string | number | boolean | undefined

/** Those that are there. */
export function attributes(values: Record<string, Value>): Attribute[] {
  return Object.entries(values).flatMap(([key, value]): Attribute[] => {
    if (value === undefined) return []
    if (typeof value === 'string') return [{ key, value: { stringValue: value } }]
    if (typeof value === 'boolean') return [{ key, value: { boolValue: value } }]
    return [{ key, value: Number.isInteger(value) ? { intValue: String(value) } : { doubleValue: value } }]
  })
}

export function nano(ms: number): string {
  return String(BigInt(Math.round(ms * 1_000)) * 1_000n)
}

const SCOPE = { name: 'mcp-stampede' }

export function traceRequest(resource: Attribute[], spans: readonly OtlpSpan[]): object {
  return { resourceSpans: [{ resource: { attributes: resource }, scopeSpans: [{ scope: SCOPE, spans }] }] }
}

export function metricsRequest(resource: Attribute[], metrics: readonly OtlpMetric[]): object {
  return { resourceMetrics: [{ resource: { attributes: resource }, scopeMetrics: [{ scope: SCOPE, metrics }] }] }
}
