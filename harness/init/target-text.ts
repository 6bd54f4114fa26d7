// The target file that `init` writes: what was seen as lines, what only its owner knows as lines to uncomment. Pure.
import type { Protocol } from '../load/request.ts'
import { hasTodo } from './drawn.ts'
import type { Look, SeenTool } from './look.ts'
import { argumentsText, commented, quoted } from './source-text.ts'
import type { Surroundings } from './surroundings.ts'

const SLO_LEAST_MS = 300
/** A tool's time by one call, times this: rough, and to be looked at. */
const SLO_FACTOR = 10
const OTHERS_MAX = 40
/** Calls a second with which runaway-loop can be run at quick scale; its loops are held back to what is left of it. */
export const FIRST_RATE = 40

/** How the agents say who they are, as source: the expression, and what it imports. */
export interface HeadersText {
  expression: string
  imports?: 'tokenFile' | 'clientCredentials'
  /** One identity for all agents. */
  shared: boolean
}

export interface TargetParts {
  url: string
  /** ISO 8601 date. */
  on: string
  look: Look
  surroundings: Surroundings
  headers?: HeadersText
  /** Host to allow; absent: this machine. */
  host?: string
  /** What to import, as seen from the file: of `harness/target.ts` and `harness/tokens.ts`. */
  modules: { target: string; tokens: string }
}

export interface Chosen {
  cheapRead?: SeenTool
  expensiveRead?: SeenTool
  external?: SeenTool
}

/** The quickest and the slowest read that answered well; where none did one that was not called, else one that was. */
export function choose({ tools }: Look): Chosen {
  const reads = tools.filter(({ reads: only }) => only)
  const well = reads.filter(({ tried }) => tried?.ok).sort((a, b) => (a.tried?.tookMs ?? 0) - (b.tried?.tookMs ?? 0))
  const outside = well.filter(({ tool }) => tool.annotations?.openWorldHint === true)
  const inside = well.filter((one) => !outside.includes(one))
  const from = inside.length > 0 ? inside : well
  const toMend = reads.find(({ tried }) => tried === undefined) ?? reads[0]
  const cheapRead = from[0] ?? toMend
  const expensiveRead = from.at(-1) ?? toMend
  return { ...(cheapRead && { cheapRead }), ...(expensiveRead && { expensiveRead }), ...(outside[0] && { external: outside[0] }) }
}

export function targetText(parts: TargetParts): string {
  const { url, on, look, headers, host, modules } = parts
  const roles = roleLines(look)
  const body = [
    `  url: ${quoted(url)},`,
    `  protocol: ${quoted(look.protocol satisfies Protocol)},`,
    ...agentLines(parts),
    '  tools: {',
    ...roles,
    '  },',
    '  // What the server promises, to be held against it:',
    '  // declared: { perAgent: { ratePerMinute: 60, burst: 10 }, concurrentCalls: 5, poolMax: 20, queueMax: 50 },',
    ...observeLines(parts.surroundings),
    '  // What it depends on, through the harness’s proxy, so that it can be broken; `port`: the address that the server is given instead.',
    "  // dependencies: { postgres: { address: 'localhost:5432', port: 15432 } },",
    ...(host === undefined ? [] : safetyLines(host)),
  ]
  const used = body.some((line) => !line.trimStart().startsWith('//') && line.includes('todo('))
  return [
    `// ${commented(url)}, as \`init\` saw it on ${on}: MCP ${look.protocol}, ${look.tools.length} tools.`,
    '// Each line that is commented out buys more: docs/your-server.md says what.',
    `import { target${used ? ', todo' : ''} } from ${quoted(modules.target)}`,
    ...(headers?.imports === undefined ? [] : [`import { ${headers.imports} } from ${quoted(modules.tokens)}`]),
    '',
    'export default target({',
    ...body,
    '})',
    '',
  ].join('\n')
}

function agentLines({ headers, modules }: TargetParts): string[] {
  if (!headers) return [`  // agents: { count: 20, headers: tokenFile('~/.token') }, (import { tokenFile } from ${quoted(modules.tokens)})`]
  const warning =
    '  // One token: to the server all agents are one. With a token for each (one a line in a file), limits of an agent can be judged.'
  return [...(headers.shared ? [warning] : []), `  agents: { headers: ${headers.expression} },`]
}

function roleLines(look: Look): string[] {
  const { cheapRead, expensiveRead, external } = choose(look)
  const lines: string[] = []
  if (cheapRead) lines.push(`    // The quickest read${timeOf(cheapRead)}.`, `    ${roleLine('cheapRead', cheapRead)}`)
  if (expensiveRead) lines.push(`    // The slowest read${timeOf(expensiveRead)}.`, `    ${roleLine('expensiveRead', expensiveRead)}`)
  if (external) lines.push(`    // It reaches out to other services${timeOf(external)}.`, `    ${roleLine('external', external)}`)
  const chosen = [cheapRead, expensiveRead, external]
  const reads = look.tools.filter((one) => one.reads && !chosen.includes(one))
  const others = look.tools.filter(({ reads: only }) => !only)
  if (reads.length > 0) lines.push('    // Other reads:', ...listed(reads, (one) => `    // ${roleLine('cheapRead', one)}${tail(one)}`))
  if (others.length > 0)
    lines.push(
      '    // Not said to be read-only, so never called by init. To measure writes, uncomment one; elsewhere than on this machine name it in safety.writes too.',
      ...listed(others, (one) => `    // ${roleLine('write', one)}`),
    )
  return lines
}

function listed(tools: readonly SeenTool[], line: (one: SeenTool) => string): string[] {
  const more = tools.length - OTHERS_MAX
  return [...tools.slice(0, OTHERS_MAX).map(line), ...(more > 0 ? [`    // … and ${more} more`] : [])]
}

function roleLine(role: string, { tool, drawn, tried }: SeenTool): string {
  const slo = tried?.ok ? `, sloMs: ${Math.max(SLO_LEAST_MS, Math.ceil((tried.tookMs * SLO_FACTOR) / 100) * 100)}` : ''
  // Else each such answer would count as a bad one.
  const empty = tried?.empty ? ', correct: []' : ''
  return `${role}: { name: ${quoted(tool.name)}, arguments: ${argumentsText(drawn)}${slo}${empty} },`
}

function tail({ tried, drawn }: SeenTool): string {
  if (tried) return ` // ${tried.said === 'ok' ? '' : `${commented(tried.said)}, `}${Math.round(tried.tookMs)} ms`
  return hasTodo(drawn) ? ' // not called: its schema gives no value' : ' // not called'
}

function timeOf({ tried }: SeenTool): string {
  if (!tried) return ', which could not be called'
  if (!tried.ok) return `, which answered ${commented(tried.said)}: mend its arguments`
  return `: ${Math.round(tried.tookMs)} ms${tried.empty ? ', and the answer was empty: correct: [] lets such be good' : ''}`
}

function observeLines({ live, ready, metrics }: Surroundings): string[] {
  const lines = ['  observe: {']
  const probes = [...(live ? [`live: ${quoted(live)}`] : []), ...(ready ? [`ready: ${quoted(ready)}`] : [])]
  if (probes.length > 0) lines.push(`    probes: { ${probes.join(', ')} },`)
  const gauges = Object.entries(metrics?.gauges ?? {}).map(([gauge, selector]) => `${gauge}: ${quoted(selector)}`)
  if (metrics && gauges.length > 0)
    lines.push(
      '    // These series look like what checks can use; uncomment those that mean it.',
      `    // metrics: { url: ${quoted(metrics.url)}, ${commentedAll(gauges)} },`,
    )
  else
    lines.push(
      `    // metrics: { url: ${quoted(metrics?.url ?? 'http://…/metrics')}, poolUsed: 'db_pool{state="used"}', breakerOpen: 'cb_state==1' },`,
    )
  lines.push(
    "    // postgres: { role: 'app', urlFrom: 'STAGING_PG_URL' },",
    "    // logs: { file: 'server.log', requestId: 'request_id' },",
    '  },',
  )
  return lines
}

/** Names of metrics are as strange as those of tools, and longer lists must stay on their line. */
function commentedAll(texts: readonly string[]): string {
  return texts.map((text) => text.replace(/\p{C}|\p{Zl}|\p{Zp}/gu, ' ')).join(', ')
}

function safetyLines(host: string): string[] {
  return [
    `  // Caps, since it is not this machine. The rate is what a first scenario needs (without the line it is 20).`,
    `  // Tools that change data only where named: writes: ['create_task'].`,
    `  safety: { hosts: [${quoted(host)}], ratePerSecondMax: ${FIRST_RATE}, callsMax: 5_000, durationSMax: 300, agentsMax: 50 },`,
  ]
}
