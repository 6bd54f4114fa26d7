// Options of `npm run init`, parsed once at the edge. Tokens are named by the file or the variable that
// holds them, never written: a command line is in the history of the shell and in the list of processes.
import { quoted } from '../../init/source-text.ts'
import type { HeadersText } from '../../init/target-text.ts'
import type { Headers, HeadersInTime } from '../../target.ts'
import { clientCredentials, tokenFile } from '../../tokens.ts'
import { bad, given, parsed } from '../arguments.ts'

export interface InitOptions {
  url?: string
  out?: string
  overwrite: boolean
  calls: boolean
  vouched: string[]
  headers?: { give: () => Promise<Headers>; text: HeadersText }
}

const SPEC = {
  out: { type: 'string' },
  overwrite: { type: 'boolean', default: false },
  'no-calls': { type: 'boolean', default: false },
  read: { type: 'string' },
  'token-file': { type: 'string' },
  'header-from': { type: 'string', multiple: true },
  'client-credentials': { type: 'string' },
  'client-id': { type: 'string' },
  'secret-from': { type: 'string' },
  scope: { type: 'string' },
} as const

export const INIT_HELP = `Looks at a server and writes a target file for it: what can be seen is filled in, the rest stands as comments.

  npm run init -- <url> [options]

  --read <tool,tool…>         tools that you know to be harmless although they do not say so (readOnlyHint)
  --no-calls                  list the tools, call none
  --token-file <file>         a file with a token, or with one for each agent, one a line
  --header-from <name=VAR>    a header whose value is in an environment variable: x-api-key=STAGING_KEY; authorization=STAGING_TOKEN
                              is sent as Bearer; as often as there are headers
  --client-credentials <url>  a token endpoint, with --client-id <id>, --secret-from <VAR> and, where needed, --scope <words>
  --out <file.ts>             where to write (default: scenarios/targets/<host>.ts)
  --overwrite                 even if the file is there

It asks <url> for its tools, calls each tool once that says it only reads, and asks the same origin for /health, /readyz and /metrics.
Example: npm run init -- http://127.0.0.1:3000/mcp
Exit codes: 0 written · 254 bad arguments, or a server that cannot be met
`

/** @throws HarnessError `BAD_OPTION` */
export function parseInitOptions(words: string[]): InitOptions {
  const { values, positionals } = parsed('init', SPEC, words)
  const [url, ...more] = positionals
  if (more.length > 0) throw bad(`one address at a time, not ${positionals.join(' and ')}`, 'npm run init -- <url>')
  return {
    ...given({ url, out: values.out, headers: headersOf(values, url ?? '') }),
    overwrite: values.overwrite,
    calls: !values['no-calls'],
    vouched: (values.read ?? '').split(',').filter(Boolean),
  }
}

type Values = ReturnType<typeof parsed<typeof SPEC>>['values']

const NOBODY = { index: 0, agent: 'init', tenant: 'default' }

function headersOf(values: Values, url: string): InitOptions['headers'] {
  const { 'token-file': file, 'header-from': named, 'client-credentials': tokenUrl } = values
  const ways = [file, named, tokenUrl].filter((way) => way !== undefined)
  if (ways.length > 1) throw bad('several ways to get in are given', 'one of --token-file, --header-from and --client-credentials')
  if (file !== undefined) {
    const text: HeadersText = { expression: `tokenFile(${quoted(file)})`, imports: 'tokenFile', shared: true }
    return { give: async () => firstOf(await tokenFile(file)(NOBODY)), text }
  }
  if (tokenUrl !== undefined) return byCredentials(values, tokenUrl, url)
  return named === undefined ? undefined : fromVariables(named)
}

function byCredentials(
  { 'client-id': clientId, 'secret-from': secretFrom, scope }: Values,
  tokenUrl: string,
  url: string,
): InitOptions['headers'] {
  if (clientId === undefined || secretFrom === undefined)
    throw bad('--client-credentials is given alone', `--client-credentials ${tokenUrl} --client-id <id> --secret-from <VARIABLE>`)
  if (!URL.canParse(tokenUrl)) throw bad(`--client-credentials is ${JSON.stringify(tokenUrl)}`, 'the address of the token endpoint')
  const asked = { tokenUrl, clientId, secretFrom, ...(scope !== undefined && { scope }), resource: url }
  const fields = Object.entries(asked).map(([name, value]) => `${name}: ${quoted(value)}`)
  const text: HeadersText = { expression: `clientCredentials({ ${fields.join(', ')} })`, imports: 'clientCredentials', shared: true }
  return { give: async () => firstOf(await clientCredentials(asked)(NOBODY)), text }
}

function fromVariables(named: readonly string[]): InitOptions['headers'] {
  const all = named.map(fromVariable)
  const source = all.map(({ name, text }) => `${quoted(name)}: ${text}`).join(', ')
  const headers = Object.fromEntries(all.map(({ name, value }) => [name, value]))
  return { give: () => Promise.resolve(headers), text: { expression: `() => ({ ${source} })`, shared: true } }
}

function fromVariable(header: string): { name: string; value: string; text: string } {
  const [, name = '', variable = ''] = /^([\w-]+)=(\w+)$/.exec(header) ?? []
  if (variable === '') throw bad(`--header-from is ${JSON.stringify(header)}`, '--header-from x-api-key=STAGING_KEY')
  const value = process.env[variable]
  if (value === undefined || value === '') throw bad(`the environment has no ${variable}`, `${variable}=… npm run init -- …`)
  const prefix = name.toLowerCase() === 'authorization' && !/\s/.test(value) ? 'Bearer ' : ''
  return { name, value: `${prefix}${value}`, text: `\`${prefix}\${process.env.${variable} ?? ''}\`` }
}

function firstOf(given: HeadersInTime): Headers {
  return Array.isArray(given) ? (given[0]?.headers ?? {}) : (given as Headers)
}
