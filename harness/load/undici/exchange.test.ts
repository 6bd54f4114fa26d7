// One exchange over a real connection with servers that answer strangely; both drivers together: same-history.integration.test.ts.
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { classify } from '../../history/classify.ts'
import { evidenceOf } from '../evidence.ts'
import { type Strange, strange } from '../fixtures/strange-answers.ts'
import { Connections } from './connection.ts'

const closing: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closing.splice(0)) await close()
})

/** What becomes of one call that is answered so. */
async function exchanged(give: Strange['give'], timeoutMs = 5_000) {
  const text = JSON.stringify({
    jsonrpc: '2.0',
    id: 'c1',
    result: { content: [{ type: 'text', text: 'größer' }], structuredContent: { page: 1 } },
  })
  const server = createServer((request, response) => {
    request.resume().on('end', () => give(response, text, request))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const connections = new Connections(`http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`)
  closing.push(
    () => connections.close(),
    () => server.closeAllConnections(),
    () => server.close(),
  )
  const headers = { 'Content-Type': 'application/json', 'MCP-Protocol-Version': '2025-11-25' }
  const correct = [{ at: '/structuredContent/page', equals: 1 }]
  const question = { call: 'c1', arguments: {}, correct, keyed: false }
  return await connections.post({ headers, body: '{}' }, timeoutMs, timeoutMs, (raw) => evidenceOf(raw, question))
}

test.each(Object.entries(strange))('%s', async (_way, { is, give }) => {
  const evidence = await exchanged(give)
  const { class: found } = classify({ call: 'c1', evidence, ended: true, role: 'cheapRead', tool: 'look', errors: {} })
  expect({ found, evidence }).toMatchObject({ found: is })
  if (is === 'served') expect(evidence.correct).toBe(true)
})

test('of an answer that does not end, so much came', async () => {
  const evidence = await exchanged((response) => void response.writeHead(200, { 'content-type': 'application/json' }).write('{"json'), 300)
  expect(evidence).toEqual({
    status: 0,
    transport: 'timeout',
    transportText: 'no answer within 300 ms, after 6 bytes of an answer that did not end',
  })
})
