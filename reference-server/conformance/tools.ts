// The suite's tools: simple ones with their content, some that notify while they run, one that wants a capability, and those that
// ask back.
import { setTimeout as pause } from 'node:timers/promises'
import { MissingRequiredClientCapabilityError, ProtocolError, ProtocolErrorCode, type Server } from '@modelcontextprotocol/server'
import type { Call } from '../call.ts'
import { askingBack } from './asking-back.ts'
import { PNG, WAV } from './media.ts'

const STEP_MS = 50
const text = (words: string) => ({ type: 'text' as const, text: words })

const CONTENT: Record<string, unknown[]> = {
  test_simple_text: [text('This is a simple text response for testing.')],
  test_image_content: [{ type: 'image', data: PNG, mimeType: 'image/png' }],
  test_audio_content: [{ type: 'audio', data: WAV, mimeType: 'audio/wav' }],
  test_embedded_resource: [
    {
      type: 'resource',
      resource: { uri: 'test://embedded-resource', mimeType: 'text/plain', text: 'This is an embedded resource content.' },
    },
  ],
  test_multiple_content_types: [
    text('Multiple content types test:'),
    { type: 'image', data: PNG, mimeType: 'image/png' },
    {
      type: 'resource',
      resource: { uri: 'test://mixed-content-resource', mimeType: 'application/json', text: '{"test":"data","value":123}' },
    },
  ],
  json_schema_2020_12_tool: [text('The schema is what is tested.')],
}

const OTHERS = [
  'test_error_handling',
  'test_missing_capability',
  ...['test_logging_tool', 'test_tool_with_logging', 'test_tool_with_progress'],
]

/** As the suite wants it listed: what of a schema survives is what it tests. */
const SCHEMA_2020_12 = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  type: 'object',
  $defs: { address: { $anchor: 'addressDef', type: 'object', properties: { street: { type: 'string' }, city: { type: 'string' } } } },
  properties: {
    name: { type: 'string' },
    address: { $ref: '#/$defs/address' },
    contactMethod: { type: 'string', enum: ['phone', 'email'] },
    phone: { type: 'string' },
    email: { type: 'string' },
  },
  allOf: [{ anyOf: [{ required: ['phone'] }, { required: ['email'] }] }],
  if: { properties: { contactMethod: { const: 'phone' } }, required: ['contactMethod'] },
  // biome-ignore lint/suspicious/noThenProperty: JSON Schema's own word
  then: { required: ['phone'] },
  else: { required: ['email'] },
  additionalProperties: false,
}

export function offerTools(server: Server, call: Call): void {
  const names = [...Object.keys(CONTENT), ...OTHERS, ...Object.keys(askingBack)].sort()
  server.setRequestHandler('tools/list', () => ({
    tools: names.map((name) => {
      const inputSchema = name === 'json_schema_2020_12_tool' ? SCHEMA_2020_12 : { type: 'object' }
      return { name, description: `The conformance suite's ${name}.`, inputSchema }
    }) as never,
  }))
  server.setRequestHandler('tools/call', async ({ params: { name } }, context) => {
    const content = CONTENT[name]
    if (content) return { content: content as never }
    const asking = askingBack[name]
    if (asking) return (await asking(context)) as never
    if (name === 'test_error_handling') return { isError: true, content: [text('This tool intentionally returns an error for testing')] }
    if (name === 'test_tool_with_progress') return await withProgress(call)
    if (name === 'test_tool_with_logging' || name === 'test_logging_tool') return await withLogging(call)
    if (name === 'test_missing_capability') {
      throw new MissingRequiredClientCapabilityError({ requiredCapabilities: { sampling: {} } })
    }
    throw new ProtocolError(ProtocolErrorCode.InvalidParams, 'There is no such tool; see tools/list.')
  })
}

async function withProgress({ message, notify, abort }: Call) {
  const { _meta } = message.params as { _meta?: { progressToken?: unknown } }
  for (const progress of [0, 50, 100]) {
    const params = { progressToken: _meta?.progressToken, progress, total: 100 }
    if (params.progressToken !== undefined) notify?.({ jsonrpc: '2.0', method: 'notifications/progress', params })
    await pause(STEP_MS, undefined, { signal: abort.signal })
  }
  return { content: [text('Done.')] }
}

/** In the era without sessions a call says whether it wants to read along; in the other everybody does. */
async function withLogging({ message, notify, abort, era }: Call) {
  const { _meta } = message.params as { _meta?: Record<string, unknown> }
  const wanted = era === 'legacy' || _meta?.['io.modelcontextprotocol/logLevel'] !== undefined
  for (const data of ['Tool execution started', 'Tool processing data', 'Tool execution completed']) {
    if (wanted) notify?.({ jsonrpc: '2.0', method: 'notifications/message', params: { level: 'info', data } })
    await pause(STEP_MS, undefined, { signal: abort.signal })
  }
  return { content: [text('Done.')] }
}
