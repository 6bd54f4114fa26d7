// Asks the target for its tools before any load is sent: is it up, is it MCP, does it let us in, has it what the plan needs?
import { request } from 'undici'
import { HarnessError, nearest } from '../errors.ts'
import { parseAnswer } from '../load/evidence.ts'
import type { Plan } from '../plan/plan.ts'

const ANSWER_MS = 10_000
const PAGES_MAX = 50

interface ToolsPage {
  result?: { tools?: { name: string }[]; nextCursor?: string }
  error?: { code: number; message: string; data?: { supported?: string[] } }
}

/**
 * @throws HarnessError `TARGET_DOWN`, `TARGET_WANTS_TOKEN`, `TARGET_NOT_MCP`, `PROTOCOL_NOT_SPOKEN`, `TOOL_MISSING`
 */
export async function probe(url: string, headers: Record<string, string>, plan: Plan, signal: AbortSignal): Promise<void> {
  const names: string[] = []
  let cursor: string | undefined
  for (let page = 0; page < PAGES_MAX; page++) {
    const { result } = await toolsPage(url, headers, plan.protocol, cursor, signal)
    names.push(...(result?.tools ?? []).map((tool) => tool.name))
    cursor = result?.nextCursor
    if (cursor === undefined) break
  }
  for (const [role, { tool }] of Object.entries(plan.roles)) {
    if (names.includes(tool)) continue
    const near = nearest(tool, names)
    const hint =
      near.length > 0
        ? `did you mean ${near.join(', ')}? Mend tools.${role}.name in the target`
        : `it has: ${names.slice(0, 20).join(', ') || 'none'}`
    throw new HarnessError('TOOL_MISSING', `${url} has no tool ${JSON.stringify(tool)}, which plays ${role}`, hint)
  }
}

async function toolsPage(
  url: string,
  headers: Record<string, string>,
  protocol: string,
  cursor: string | undefined,
  signal: AbortSignal,
): Promise<ToolsPage> {
  const { status, text, type } = await post(url, headers, protocol, cursor, signal)
  if (status === 401 || status === 403) {
    throw new HarnessError(
      'TARGET_WANTS_TOKEN',
      `${url} answered ${status}`,
      "give the agents a token: agents: { headers: () => ({ authorization: 'Bearer …' }) }",
    )
  }
  const page = parseAnswer(text, type) as ToolsPage | undefined
  if (page?.error?.code === -32022 || (page?.error && /protocol.?version/i.test(page.error.message))) {
    const spoken = page.error.data?.supported?.join(', ') ?? 'another version'
    throw new HarnessError(
      'PROTOCOL_NOT_SPOKEN',
      `${url} does not speak MCP ${protocol} (it speaks ${spoken})`,
      'agents speak 2026-07-28 so far; serve that version too',
    )
  }
  if (!page?.result) {
    throw new HarnessError(
      'TARGET_NOT_MCP',
      `${url} answered ${status} to tools/list, without a list of tools: ${JSON.stringify(text.slice(0, 120))}`,
      'url must be the Streamable HTTP endpoint, often ending in /mcp',
    )
  }
  return page
}

async function post(
  url: string,
  headers: Record<string, string>,
  protocol: string,
  cursor: string | undefined,
  signal: AbortSignal,
): Promise<{ status: number; text: string; type: string }> {
  const meta = {
    'io.modelcontextprotocol/protocolVersion': protocol,
    'io.modelcontextprotocol/clientInfo': { name: 'stampede-probe', version: '1' },
    'io.modelcontextprotocol/clientCapabilities': {},
  }
  try {
    const answer = await request(url, {
      method: 'POST',
      headers: {
        ...headers,
        'content-type': 'application/json',
        accept: 'application/json, text/event-stream',
        'mcp-protocol-version': protocol,
        'mcp-method': 'tools/list',
      },
      body: JSON.stringify({
        jsonrpc: '2.0',
        id: 'probe-1',
        method: 'tools/list',
        params: { ...(cursor !== undefined && { cursor }), _meta: meta },
      }),
      signal: AbortSignal.any([signal, AbortSignal.timeout(ANSWER_MS)]),
    })
    return { status: answer.statusCode, text: await answer.body.text(), type: String(answer.headers['content-type'] ?? '') }
  } catch (error) {
    signal.throwIfAborted()
    throw new HarnessError(
      'TARGET_DOWN',
      `${url} does not answer (${reasonOf(error)})`,
      'start the server, or mend url in the target',
      error,
    )
  }
}

function reasonOf(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException
  return code ?? message
}
