import { expect, test } from 'vitest'
import type { Credential, Plan } from '../plan/plan.ts'
import { type HeadersInTime, type TargetContext, target } from '../target.ts'
import { agentCredentials, agentHeaders, oneForAll, sentBy } from './agent-headers.ts'

const context = { agents: [{ index: 0, agent: 'a-01', tenant: 't' }] } as unknown as TargetContext
const given = (headers: HeadersInTime, endsInS: number) =>
  agentHeaders(target({ url: 'http://127.0.0.1:1/mcp', agents: { headers: () => headers } }), context, Date.now() + endsInS * 1_000)

const jwt = (expiresInS: number) => {
  const payload = Buffer.from(JSON.stringify({ exp: Math.floor(Date.now() / 1_000) + expiresInS })).toString('base64url')
  return { authorization: `Bearer e30.${payload}.c2ln` }
}

test('one token for the whole run, or one after the other', async () => {
  expect(await given({ authorization: 'Bearer x' }, 60)).toEqual({ first: [{ authorization: 'Bearer x' }], later: [[]] })
  const [one, two, three] = ['1', '2', '3'].map((a) => ({ a }))
  const turns = [{ headers: three }, { untilS: 20, headers: one }, { untilS: 40, headers: two }] as HeadersInTime
  expect(await given(turns, 60)).toEqual({
    first: [one],
    later: [
      [
        { fromMs: 20_000, headers: two },
        { fromMs: 40_000, headers: three },
      ],
    ],
  })
})

test('a token that ends before the run does is refused before it begins', async () => {
  const refused = { code: 'TOKEN_EXPIRES', hint: expect.stringContaining('untilS') }
  await expect(given(jwt(30), 60)).rejects.toMatchObject(refused)
  await expect(given([{ untilS: 30, headers: { a: '1' } }], 60)).rejects.toMatchObject(refused)
  await expect(given([{ untilS: 50, headers: jwt(30) }, { headers: {} }], 60)).rejects.toMatchObject(refused)
})

test('one that lasts is not, nor one that does not say, nor one whose turn is over by then', async () => {
  await expect(given(jwt(90), 60)).resolves.toBeDefined()
  await expect(given({ authorization: 'Bearer a.b.c' }, 60)).resolves.toBeDefined()
  await expect(given([{ untilS: 20, headers: jwt(30) }, { headers: jwt(90) }], 60)).resolves.toBeDefined()
})

test('one token for several agents is told, since to the server they are one', () => {
  const all = (...first: Record<string, string>[]) => oneForAll({ first, later: [] })
  expect(all({ a: '1' }, { a: '1' }, { a: '1' })).toContain('the 3 agents share 1 token: to the server they are one agent')
  expect(all({ a: '1' }, { a: '2' }, { a: '1' })).toContain('they are 2 agents')
  expect(all({ a: '1' }, { a: '2' })).toBeUndefined()
  expect(all({ a: '1' })).toBeUndefined()
  expect(all({}, {})).toBeUndefined()
})

test('credentials: one for all calls, or several in turn, none of them with a line break', async () => {
  const tries = (credential: Credential) => ({ tasks: [{ calls: [{ credential }] }] })
  const plan = { agents: [tries('expired'), tries('unknown-key')] } as unknown as Plan
  const two = { agents: [0, 1].map((index) => ({ index, agent: `a-${index}`, tenant: 't' })) } as unknown as TargetContext
  const minted = (last: string) => {
    const credentials = { expired: () => ({ a: 'old' }), 'unknown-key': () => [{ a: '1' }, { a: last }] }
    return agentCredentials(target({ url: 'http://127.0.0.1:1/mcp', agents: { credentials } }), plan, two)
  }
  const all = await minted('2')
  expect(all).toEqual([{ expired: [{ a: 'old' }] }, { 'unknown-key': [{ a: '1' }, { a: '2' }] }])
  expect(sentBy(1, { first: [{}, { a: 'own' }], later: [] }, all)).toEqual([{ a: 'own' }, { a: '1' }, { a: '2' }])
  await expect(minted('2\n')).rejects.toMatchObject({ code: 'TARGET_INVALID' })
})
