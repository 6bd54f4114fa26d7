// The suite's prompts: plain, with arguments, with a resource, with a picture, and one that asks back.
import { inputRequired, ProtocolError, ProtocolErrorCode, type Server } from '@modelcontextprotocol/server'
import { answerTo, asksFor } from './asking-back.ts'
import { PNG } from './media.ts'

const argument = (name: string) => ({ name, description: `The ${name}.`, required: true })
const PROMPTS = [
  { name: 'test_input_required_result_prompt', description: 'Asks back.' },
  { name: 'test_prompt_with_arguments', description: 'With arguments.', arguments: [argument('arg1'), argument('arg2')] },
  { name: 'test_prompt_with_embedded_resource', description: 'With a resource.', arguments: [argument('resourceUri')] },
  { name: 'test_prompt_with_image', description: 'With a picture.' },
  { name: 'test_simple_prompt', description: 'Plain.' },
]
const CONTEXT = { user_context: asksFor('What context should the prompt use?', 'context', 'string') }
const user = (content: unknown) => ({ role: 'user', content })
const text = (words: string) => user({ type: 'text', text: words })

export function offerPrompts(server: Server): void {
  server.setRequestHandler('prompts/list', () => ({ prompts: PROMPTS }))
  server.setRequestHandler('prompts/get', ({ params: { name, arguments: given = {} } }, context) => {
    if (name === 'test_input_required_result_prompt') {
      const answer = answerTo(context, 'user_context', 'context')
      return (answer === undefined ? inputRequired({ inputRequests: CONTEXT }) : { messages: [text(`Context: ${answer}`)] }) as never
    }
    const messages = messagesOf(name, given)
    if (!messages) throw new ProtocolError(ProtocolErrorCode.InvalidParams, 'There is no such prompt; see prompts/list.')
    return { messages } as never
  })
}

function messagesOf(name: string, given: Record<string, string>): unknown[] | undefined {
  if (name === 'test_simple_prompt') return [text('This is a simple prompt for testing.')]
  if (name === 'test_prompt_with_arguments') return [text(`Prompt with arguments: arg1='${given.arg1}', arg2='${given.arg2}'`)]
  if (name === 'test_prompt_with_image')
    return [user({ type: 'image', data: PNG, mimeType: 'image/png' }), text('Please analyze the image above.')]
  if (name !== 'test_prompt_with_embedded_resource') return undefined
  const resource = { uri: given.resourceUri, mimeType: 'text/plain', text: 'Embedded resource content for testing.' }
  return [user({ type: 'resource', resource }), text('Please process the embedded resource above.')]
}
