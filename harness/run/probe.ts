// Asks the target for its tools before any load is sent: is it up, is it MCP, does it let us in, has it what the plan needs?
import { HarnessError, nearest } from '../errors.ts'
import type { Plan } from '../plan/plan.ts'
import { type Client, Peer } from './peer.ts'

/**
 * @throws HarnessError as `Peer.meet`, and `TOOL_MISSING`
 */
export async function probe(url: string, client: Client, plan: Plan, signal: AbortSignal): Promise<void> {
  await using peer = await Peer.meet(url, plan.protocol, client, signal)
  const names = (await peer.tools()).map(({ name }) => name)
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
