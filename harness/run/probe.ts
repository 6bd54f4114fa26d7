// Asks the target for its tools before any load is sent: is it up, is it MCP, does it let us in, has it what the plan needs?
import { HarnessError, nearest } from '../errors.ts'
import type { Plan } from '../plan/plan.ts'
import { type ClientOptions, McpClient, type Tool } from './mcp-client.ts'
import { isLoopback } from './safety.ts'

/**
 * @param writes tools that may change data where it is not this machine
 * @throws HarnessError as `McpClient.meet`, `WRITE_NOT_ALLOWED`, and `TOOL_MISSING`
 */
export async function probe(
  url: string,
  client: ClientOptions,
  plan: Plan,
  signal: AbortSignal,
  writes: readonly string[] = [],
): Promise<void> {
  await using mcp = await McpClient.meet(url, plan.protocol, client, signal)
  const tools = await mcp.tools()
  if (!isLoopback(url)) assertReads(url, tools, plan, writes)
  const names = tools.map(({ name }) => name)
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

/** A tool that says itself that it changes data is none to read with, whatever role a target gives it. */
export function assertReads(url: string, tools: readonly Tool[], plan: Plan, writes: readonly string[]): void {
  for (const [role, { tool }] of Object.entries(plan.roles)) {
    const { annotations } = tools.find(({ name }) => name === tool) ?? {}
    const changes = annotations?.readOnlyHint === false || annotations?.destructiveHint === true
    if (!changes || role === 'write' || role === 'money' || writes.includes(tool)) continue
    throw new HarnessError(
      'WRITE_NOT_ALLOWED',
      `${tool}, which plays ${role}, says that it changes data at ${new URL(url).hostname}`,
      `choose a tool that reads, or, if that is meant, add it: safety: { writes: ['${tool}'] }`,
    )
  }
}
