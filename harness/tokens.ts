// Where agents get their tokens, for targets that need no code of their own: a file, or OAuth's client credentials.
//
// A file: one token a line; the agents take them in turn, so that one line serves all of them. Client credentials: RFC 6749 §4.4, with
// `resource` (RFC 8707); one token for all agents, or one for each where the client differs. The secret's name stands in the target, never
// the secret. The request goes to `tokenUrl` alone: a redirect is not followed, since whoever is redirected to would get the secret.
// Not modelled: people who log in, refresh tokens, private_key_jwt, mutual TLS; for those write `headers` yourself.
import { readFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { HarnessError } from './errors.ts'
import type { AgentIdentity, HeadersInTime } from './target.ts'

const ANSWER_MS = 10_000
const ANSWER_CHARACTERS_MAX = 65_536

export type HeadersOf = (identity: AgentIdentity) => Promise<HeadersInTime>

/**
 * `headers: tokenFile('~/.staging-token')`. @throws HarnessError `TOKEN_FILE`
 */
export function tokenFile(file: string): HeadersOf {
  const whole = path.resolve(file.replace(/^~(?=\/)/, os.homedir()))
  let tokens: Promise<string[]> | undefined
  return async ({ index }) => {
    tokens ??= tokensIn(whole)
    const all = await tokens
    return bearer(all[index % all.length] ?? '')
  }
}

async function tokensIn(file: string): Promise<string[]> {
  const hint = 'it must hold one token a line, without "Bearer"'
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    throw new HarnessError('TOKEN_FILE', `${file} cannot be read`, hint, error)
  })
  const tokens = text.split(/\r?\n/).flatMap((line) => (line.trim() === '' ? [] : [line.trim()]))
  if (tokens.length === 0) throw new HarnessError('TOKEN_FILE', `${file} holds no token`, hint)
  if (tokens.some((token) => /\s/.test(token))) throw new HarnessError('TOKEN_FILE', `a line of ${file} is no token`, hint)
  return tokens
}

export interface ClientCredentials {
  /** The token endpoint itself. */
  tokenUrl: string
  clientId: string | ((identity: AgentIdentity) => string)
  /** Name of the environment variable that holds the secret. */
  secretFrom: string
  scope?: string
  /** RFC 8707: the address of the server that the token is for. */
  resource?: string
}

/**
 * `headers: clientCredentials({ tokenUrl: 'https://…/token', clientId: 'stampede', secretFrom: 'STAGING_SECRET' })`
 * @throws HarnessError `TOKEN_REFUSED`
 */
export function clientCredentials(asked: ClientCredentials): HeadersOf {
  const minted = new Map<string, Promise<HeadersInTime>>()
  return (identity) => {
    const client = typeof asked.clientId === 'string' ? asked.clientId : asked.clientId(identity)
    const known = minted.get(client) ?? mint(asked, client)
    minted.set(client, known)
    return known
  }
}

async function mint({ tokenUrl, secretFrom, scope, resource }: ClientCredentials, client: string): Promise<HeadersInTime> {
  const secret = process.env[secretFrom]
  if (secret === undefined || secret === '')
    throw new HarnessError('TOKEN_REFUSED', `the environment has no ${secretFrom}`, `${secretFrom}=… npm run scenario …`)
  const basic = Buffer.from(`${encodeURIComponent(client)}:${encodeURIComponent(secret)}`).toString('base64')
  const form = new URLSearchParams({
    grant_type: 'client_credentials',
    ...(scope !== undefined && { scope }),
    ...(resource !== undefined && { resource }),
  })
  const { status, text } = await post(tokenUrl, basic, form)
  const answer = objectOf(text)
  const { access_token: token, expires_in: expiresS } = answer
  if (status === 200 && typeof token === 'string' && token !== '') {
    return typeof expiresS === 'number' ? [{ untilS: expiresS, headers: bearer(token) }] : bearer(token)
  }
  const said = [answer.error, answer.error_description].filter((part) => typeof part === 'string').join(': ')
  throw new HarnessError(
    'TOKEN_REFUSED',
    `${tokenUrl} answered ${status}${said === '' ? '' : ` (${said.slice(0, 200)})`} to ${client}`,
    'mend tokenUrl, clientId, scope or the secret',
  )
}

async function post(url: string, basic: string, form: URLSearchParams): Promise<{ status: number; text: string }> {
  const headers = { authorization: `Basic ${basic}`, accept: 'application/json' }
  try {
    const signal = AbortSignal.timeout(ANSWER_MS)
    const answer = await fetch(url, { method: 'POST', headers, body: form, redirect: 'manual', signal })
    return { status: answer.status, text: (await answer.text()).slice(0, ANSWER_CHARACTERS_MAX) }
  } catch (error) {
    throw new HarnessError('TOKEN_REFUSED', `${url} does not answer`, 'mend tokenUrl in the target', error)
  }
}

function bearer(token: string): Record<string, string> {
  return { authorization: `Bearer ${token}` }
}

function objectOf(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
  } catch {
    return {}
  }
}
