// A bad option is refused with what to type, and what is printed can be pasted.
import { expect, test } from 'vitest'
import { parseServerOptions } from './options.ts'
import { curlText, servingText } from './text.ts'

test('one instance on 8080 unless it is told otherwise', () => {
  expect(parseServerOptions([])).toEqual({ instances: 1, port: 8080 })
  expect(parseServerOptions(['--instances', '3', '--port', '0'])).toEqual({ instances: 3, port: 0 })
})

test.each([
  [['--instances', '0'], /--instances is "0"/, /from 1 to 10/],
  [['--instances', 'three'], /"three"/, /from 1 to 10/],
  [['--port', '70000'], /"70000"/, /from 0 to 65535/],
  [['--instance', '3'], /--instance/, /did you mean --instances\?/],
  [['--weaken', 'x'], /--weaken/, /npm run server -- --help/],
  [['start'], /"start"/, /npm run server -- --help/],
])('%j is refused with what to type', (words, message, hint) => {
  expect(() => parseServerOptions(words)).toThrow(
    expect.objectContaining({ code: 'BAD_OPTION', message: expect.stringMatching(message), hint: expect.stringMatching(hint) }),
  )
})

test('the curl line needs no quoting beyond single quotes, and the configuration is JSON', () => {
  const door = { agent: 'a', tenant: 't', tier: 'free', scopes: ['mcp:tools:read'], token: 'mcp_a_secret' }
  const url = 'http://127.0.0.1:1/v1/mcp'
  expect(curlText(url, door.token).split("'").length % 2).toBe(1)
  const text = servingText({ url, admins: [], doors: [door], postgres: 'p', redis: 'r', logs: [] })
  const [json = ''] = /^\{[\s\S]*?^\}/m.exec(text) ?? []
  expect(JSON.parse(json)).toMatchObject({ mcpServers: { 'ledger-desk': { url, headers: { Authorization: 'Bearer mcp_a_secret' } } } })
})
