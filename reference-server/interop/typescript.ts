// The plan, carried out by a TypeScript client of either generation: they differ in how they connect and in what they throw.
import type { Asked, Plan, Refusal, Seen } from './plan.ts'

interface CallOptions {
  signal?: AbortSignal
  onprogress?: (progress: unknown) => void
}

export interface AnyClient {
  era(): string
  listTools(): Promise<string[]>
  call(asked: Asked, options?: CallOptions): Promise<unknown>
  listResources(): Promise<number>
  read(uri: string): Promise<unknown>
  listPrompts(): Promise<number>
  prompt(prompt: Plan['prompt']): Promise<unknown>
  close(): Promise<void>
}

type Connect = (url: string, token: string) => Promise<AnyClient>
type RefusalOf = (error: Error) => Partial<Refusal>

interface ToolResult {
  isError?: boolean
  content: { type: string; text?: string }[]
  structuredContent?: Record<string, unknown>
}

const PAGES_MAX = 100

export async function driven(plan: Plan, client: string, connect: Connect, refusalOf: RefusalOf): Promise<Seen> {
  const at = await connect(plan.url, plan.token)
  try {
    const tools = await at.listTools()
    const called: Record<string, string> = {}
    for (const tool of tools) called[tool] = await outcome(at, { tool, arguments: plan.arguments[tool] ?? {} })
    let progress = 0
    await at.call(plan.progress, { onprogress: () => (progress += 1) })
    return {
      client,
      era: at.era(),
      tools,
      called,
      resources: await at.listResources(),
      resourceCharacters: JSON.stringify(await at.read(plan.resource)).length,
      prompts: await at.listPrompts(),
      promptCharacters: JSON.stringify(await at.prompt(plan.prompt)).length,
      pages: await pages(at, plan.pages),
      progress,
      ...(await cancelled(at, plan)),
      refusals: await refusals(plan, connect, refusalOf),
    }
  } finally {
    await at.close()
  }
}

async function outcome(at: AnyClient, asked: Asked): Promise<string> {
  try {
    const { isError, content } = (await at.call(asked)) as ToolResult
    return isError ? `isError: ${content[0]?.text ?? ''}` : 'ok'
  } catch (error) {
    return String(error)
  }
}

async function pages(at: AnyClient, asked: Asked): Promise<number> {
  let cursor: unknown
  for (let count = 1; count <= PAGES_MAX; count++) {
    const given = cursor === undefined ? asked.arguments : { ...asked.arguments, cursor }
    const { structuredContent } = (await at.call({ ...asked, arguments: given })) as ToolResult
    cursor = structuredContent?.cursor
    if (cursor === undefined) return count
  }
  return Number.POSITIVE_INFINITY
}

async function cancelled(at: AnyClient, { cancel, cancelAfterMs }: Plan): Promise<Pick<Seen, 'cancelled' | 'cancelledAfterMs'>> {
  const startedMs = performance.now()
  const signal = AbortSignal.timeout(cancelAfterMs)
  const told = await at.call(cancel, { signal }).then(
    () => 'served',
    (error: Error) => error.constructor.name,
  )
  return { cancelled: told, cancelledAfterMs: performance.now() - startedMs }
}

async function refusals(plan: Plan, connect: Connect, refusalOf: RefusalOf): Promise<Record<string, Refusal>> {
  const seen: Record<string, Refusal> = {}
  for (const [name, asked] of Object.entries(plan.refusals)) {
    let at: AnyClient | undefined
    try {
      at = await connect(asked.url, asked.token)
      await at.listTools()
      if (asked.spend) await at.call(asked)
      seen[name] = ofResult((await at.call(asked)) as ToolResult)
    } catch (thrown) {
      const error = thrown as Error
      seen[name] = { how: 'exception', type: error.constructor.name, text: error.message, ...refusalOf(error) }
    } finally {
      await at?.close()
    }
  }
  return seen
}

function ofResult({ isError, content, structuredContent }: ToolResult): Refusal {
  const text = content[0]?.text ?? ''
  if (!isError) return { how: 'served', type: '', text }
  return { how: 'result', type: '', text, ...(structuredContent && { data: structuredContent }) }
}
