// Tools that need something of the client before they can answer (2026-07-28, multi round-trip): each call says what is still
// missing, and the client calls again with it. Nothing is kept here in between: what must last travels in signed state.
import { type CallToolResult, type InputRequiredResult, inputRequired, type ServerContext } from '@modelcontextprotocol/server'
import { stateCodec } from './state.ts'

type Asked = Parameters<typeof inputRequired>[0]['inputRequests']
type Asking = (context: ServerContext) => Promise<CallToolResult | InputRequiredResult>

const done = (words: string): CallToolResult => ({ content: [{ type: 'text', text: words }] })

export function asksFor(message: string, name: string, type: 'string' | 'boolean') {
  const property = type === 'string' ? { type: 'string' as const } : { type: 'boolean' as const }
  return inputRequired.elicit({ message, requestedSchema: { type: 'object', properties: { [name]: property }, required: [name] } })
}

function asksModel(words: string, maxTokens: number) {
  return inputRequired.createMessage({ messages: [{ role: 'user', content: { type: 'text', text: words } }], maxTokens })
}

/** What the client answered under this key, when it is what was asked for. */
export function answerTo(context: ServerContext, key: string, field?: string): unknown {
  const given = (context.mcpReq.inputResponses as Record<string, Record<string, unknown>> | undefined)?.[key]
  if (typeof given !== 'object' || given === null) return undefined
  if (field === undefined) return given
  const content = given.content as Record<string, unknown> | undefined
  return given.action === 'accept' ? content?.[field] : undefined
}

const NAME = asksFor('What is your name?', 'name', 'string')

async function confirmed(context: ServerContext) {
  const inputRequests: Asked = { confirm: asksFor('Please confirm', 'ok', 'boolean') }
  const state = context.mcpReq.requestState<{ round: number }>()
  if (state === undefined || answerTo(context, 'confirm', 'ok') === undefined)
    return inputRequired({ inputRequests, requestState: await stateCodec.mint({ round: 1 }) })
  return done('state-ok')
}

export const askingBack: Record<string, Asking> = {
  async test_input_required_result_elicitation(context) {
    const name = answerTo(context, 'user_name', 'name')
    return typeof name === 'string' ? done(`Hello, ${name}!`) : inputRequired({ inputRequests: { user_name: NAME } })
  },
  async test_streaming_elicitation() {
    return inputRequired({ inputRequests: { user_name: NAME } })
  },
  async test_input_required_result_sampling(context) {
    const answer = answerTo(context, 'capital_question')
    const asked = { capital_question: asksModel('What is the capital of France?', 100) }
    return answer === undefined ? inputRequired({ inputRequests: asked }) : done(JSON.stringify(answer))
  },
  async test_input_required_result_list_roots(context) {
    const roots = answerTo(context, 'client_roots')
    const asked = { client_roots: inputRequired.listRoots() }
    return roots === undefined ? inputRequired({ inputRequests: asked }) : done(JSON.stringify(roots))
  },
  test_input_required_result_request_state: confirmed,
  test_input_required_result_tampered_state: confirmed,
  async test_input_required_result_multiple_inputs(context) {
    const inputRequests = { user_name: NAME, greeting: asksModel('Generate a greeting', 50), client_roots: inputRequired.listRoots() }
    const complete = Object.keys(inputRequests).every((key) => answerTo(context, key) !== undefined)
    return complete ? done('All is there.') : inputRequired({ inputRequests, requestState: await stateCodec.mint({ round: 1 }) })
  },
  async test_input_required_result_multi_round(context) {
    const round = context.mcpReq.requestState<{ round: number }>()?.round ?? 0
    if (round === 2 && answerTo(context, 'step2', 'color') !== undefined) return done('Both steps are done.')
    const next = round >= 1 && answerTo(context, 'step1', 'name') !== undefined ? 2 : 1
    const inputRequests: Asked =
      next === 2
        ? { step2: asksFor('Step 2: What is your favorite color?', 'color', 'string') }
        : { step1: asksFor('Step 1: What is your name?', 'name', 'string') }
    return inputRequired({ inputRequests, requestState: await stateCodec.mint({ round: next }) })
  },
  async test_input_required_result_capabilities(context) {
    const declared = (context.mcpReq.envelope as Record<string, object> | undefined)?.['io.modelcontextprotocol/clientCapabilities'] ?? {}
    const inputRequests: Asked = {
      ...('elicitation' in declared && { user_name: NAME }),
      ...('sampling' in declared && { greeting: asksModel('Generate a greeting', 50) }),
    }
    return Object.keys(inputRequests).length > 0 ? inputRequired({ inputRequests }) : done('There is nobody to ask.')
  },
}
