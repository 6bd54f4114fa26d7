// The suite's resources: a text, a picture, and a template.
import { ProtocolError, ProtocolErrorCode, type Server } from '@modelcontextprotocol/server'
import { PNG } from './media.ts'

const TEXT = 'test://static-text'
const BINARY = 'test://static-binary'
const TEMPLATE = /^test:\/\/template\/([\w-]+)\/data$/

export function offerResources(server: Server): void {
  server.setRequestHandler('resources/list', () => ({
    resources: [
      { uri: BINARY, name: 'static-binary', description: 'A picture.', mimeType: 'image/png' },
      { uri: TEXT, name: 'static-text', description: 'A text.', mimeType: 'text/plain' },
    ],
  }))
  server.setRequestHandler('resources/templates/list', () => ({
    resourceTemplates: [
      { uriTemplate: 'test://template/{id}/data', name: 'template', description: 'Data by id.', mimeType: 'application/json' },
    ],
  }))
  server.setRequestHandler('resources/read', ({ params: { uri } }) => {
    if (uri === TEXT) return { contents: [{ uri, mimeType: 'text/plain', text: 'This is the content of the static text resource.' }] }
    if (uri === BINARY) return { contents: [{ uri, mimeType: 'image/png', blob: PNG }] }
    const id = TEMPLATE.exec(uri)?.[1]
    if (id === undefined) throw new ProtocolError(ProtocolErrorCode.InvalidParams, 'Resource not found', { uri })
    const data = JSON.stringify({ id, templateTest: true, data: `Data for ID: ${id}` })
    return { contents: [{ uri, mimeType: 'application/json', text: data }] }
  })
}
