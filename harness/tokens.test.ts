import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import os from 'node:os'
import path from 'node:path'
import { afterAll, afterEach, expect, test } from 'vitest'
import { clientCredentials, tokenFile } from './tokens.ts'

const folder = mkdtempSync(path.join(os.tmpdir(), 'stampede-tokens-'))
const servers: Server[] = []
afterEach(() => {
  for (const server of servers.splice(0)) server.close()
  delete process.env.STAMPEDE_TEST_SECRET
})

afterAll(() => rmSync(folder, { recursive: true }))

const agent = (index: number) => ({ index, agent: `a-${index}`, tenant: 't' })

function fileOf(text: string): string {
  const file = path.join(mkdtempSync(path.join(folder, 'of-')), 'token')
  writeFileSync(file, text)
  return file
}

async function issuer(
  answer: (request: IncomingMessage, form: string) => { status: number; body?: unknown; location?: string },
): Promise<string> {
  const server = createServer((request, response) => {
    let form = ''
    request.on('data', (chunk) => (form += String(chunk)))
    request.on('end', () => {
      const { status, body = {}, location } = answer(request, form)
      response.writeHead(status, { 'content-type': 'application/json', ...(location && { location }) }).end(JSON.stringify(body))
    })
  })
  servers.push(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/token`
}

test('a file of several tokens is given out in turn, and ends of lines are no part of them', async () => {
  const headers = tokenFile(fileOf('one\r\ntwo\n\n'))
  expect(await Promise.all([0, 1, 2].map((n) => headers(agent(n))))).toEqual(
    ['one', 'two', 'one'].map((token) => ({ authorization: `Bearer ${token}` })),
  )
})

test.each([
  ['', /holds no token/],
  ['Bearer x', /no token/],
])('a file that holds %j is refused', async (text, message) => {
  await expect(tokenFile(fileOf(text))(agent(0))).rejects.toMatchObject({ code: 'TOKEN_FILE', message: expect.stringMatching(message) })
})

test('client credentials: one request for all agents, its secret in a header, its token until it expires', async () => {
  process.env.STAMPEDE_TEST_SECRET = 'pass word'
  const asked: string[] = []
  const tokenUrl = await issuer(({ headers }, form) => {
    asked.push(`${Buffer.from(String(headers.authorization).slice(6), 'base64')} ${form}`)
    return { status: 200, body: { access_token: 'abc', expires_in: 60 } }
  })
  const headers = clientCredentials({ tokenUrl, clientId: 'me', secretFrom: 'STAMPEDE_TEST_SECRET', resource: 'http://s/mcp' })
  const given = await Promise.all([headers(agent(0)), headers(agent(1))])
  expect(given).toEqual([0, 1].map(() => [{ untilS: 60, headers: { authorization: 'Bearer abc' } }]))
  expect(asked).toEqual(['me:pass%20word grant_type=client_credentials&resource=http%3A%2F%2Fs%2Fmcp'])
})

test('a redirect of the token endpoint is not followed: the secret stays', async () => {
  process.env.STAMPEDE_TEST_SECRET = 'x'
  let elsewhere = 0
  const thief = await issuer(() => {
    elsewhere++
    return { status: 200, body: { access_token: 'abc' } }
  })
  const tokenUrl = await issuer(() => ({ status: 307, location: thief }))
  const headers = clientCredentials({ tokenUrl, clientId: 'me', secretFrom: 'STAMPEDE_TEST_SECRET' })
  await expect(headers(agent(0))).rejects.toMatchObject({ code: 'TOKEN_REFUSED', message: expect.stringContaining('307') })
  expect(elsewhere).toBe(0)
})

test('a refusal is told in the words of the issuer, and a missing secret by its name', async () => {
  const tokenUrl = await issuer(() => ({ status: 401, body: { error: 'invalid_client' } }))
  const headers = () => clientCredentials({ tokenUrl, clientId: 'me', secretFrom: 'STAMPEDE_TEST_SECRET' })(agent(0))
  await expect(async () => headers()).rejects.toMatchObject({
    code: 'TOKEN_REFUSED',
    message: expect.stringContaining('STAMPEDE_TEST_SECRET'),
  })
  process.env.STAMPEDE_TEST_SECRET = 'x'
  await expect(headers()).rejects.toMatchObject({ code: 'TOKEN_REFUSED', message: expect.stringContaining('invalid_client') })
})
