// docs/clients.md: what each client lets its host see of a refusal, out of what was seen; and the
// same as data for the report of a run, which lies with the harness so that an installed package
// has it. Figures that differ between runs are not written, only whether they are there.
import type { Refusal, Seen } from './plan.ts'

const OPENING = `# What MCP clients let a host see

Made by \`npm run clients\` from runs of real clients against the reference server (reference-server/interop); a test says when it is
out of date. Every client below called every tool, read a resource, got the prompt, followed a cursor to its end, was told the
progress of a report, and gave a call up. None of them asks again by itself after a refusal: the model does, one turn later.

How to read the tables: *field* means that a program can read it from the exception or the result; *in the text* means that it is only
there as words within a longer message, as JSON that somebody would have to cut out; *–* means that the host does not get it.
`

const FOLLOWS = `
## What follows for a server

- The wait belongs into the JSON-RPC error's \`data\` **and** into its sentence. No client hands \`Retry-After\` to its host: what arrives of
  a refusal arrives from its body.
- The Go client keeps the body of a 401 and 403 and drops that of a 429 and 503; version 2 of the TypeScript client keeps of a 403 only the
  scopes that the challenge names.
- A refusal's body must be a JSON-RPC error in \`application/json\`: of any other the Python client says only "Server returned an error
  response".
- Hosts that show a model only the results of tools can be told of refusals as such: an agent whose credential says so
  (\`error_surface: tool\`) gets them as a result with \`isError\`, and those arrive whole everywhere.
- A tool's failure carries structured content, and version 1 of the TypeScript SDK checks that against the tool's output schema although
  \`isError\` is set: a schema that does not allow for failures turns each of them into an exception about schemas. So the server's do.
- Only the revision 2026-07-28 lets a server stop what a client has given up. In 2025-11-25 the client is rid of the call, and the server
  works on until the tool's deadline.
`

/** What the server said, by kind of refusal: a fragment of its sentence. A result's begins with its code. */
const SENTENCES: Record<string, string> = {
  'too many calls (429)': 'is spent; wait',
  'dependency away (503)': 'does not answer; ask again in',
  'unknown token (401)': 'unknown, wrong or revoked',
  'missing scope (403)': 'lacks the scope',
  'wrong arguments (isError)': '',
  'deadline (isError)': '',
}

export function clientsPage(seen: readonly Seen[]): string {
  const kinds = Object.keys(SENTENCES).map((kind) => `## ${headline(kind)}\n\n${table(seen, kind)}`)
  return [OPENING, cancelling(seen), ...kinds, FOLLOWS].join('\n').replace(/\n{3,}/g, '\n\n')
}

function headline(kind: string): string {
  return kind.charAt(0).toUpperCase() + kind.slice(1)
}

function cancelling(seen: readonly Seen[]): string {
  const rows = seen.map(({ client, era, cancelled }) => `| ${client} | ${era} | \`${cancelled}\` | ${era >= '2026' ? 'yes' : 'no'} |`)
  return ['| client | revision | a call given up ends as | and is stopped in the server |', '| --- | --- | --- | --- |', ...rows, ''].join(
    '\n',
  )
}

function table(seen: readonly Seen[], kind: string): string {
  const columns = [
    'client',
    'revision',
    'arrives as',
    'HTTP status',
    'error code',
    'the sentence',
    ...(hasWait(kind) ? ['`retryAfterMs`', '`Retry-After`'] : []),
  ]
  const rows = seen.map((one) => {
    const { client, revision, arrives, status, code, sentence, wait, retryAfter } = viewOf(one, kind)
    return [
      client,
      revision,
      arrives,
      status,
      code,
      sentence,
      ...(wait === undefined || retryAfter === undefined ? [] : [wait, retryAfter]),
    ]
  })
  const lines = [columns, columns.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`)
  return `${lines.join('\n')}\n`
}

interface ClientView {
  client: string
  revision: string
  refusal: string
  arrives: string
  status: string
  code: string
  sentence: string
  wait?: string
  retryAfter?: string
}

/** harness/report/clients.json: a refusal and a client each. */
export function clientViews(seen: readonly Seen[]): string {
  const views = Object.keys(SENTENCES).flatMap((kind) => seen.map((one) => viewOf(one, kind)))
  return `${JSON.stringify(views, undefined, 2)}\n`
}

function viewOf({ client, era, refusals }: Seen, kind: string): ClientView {
  const refusal = refusals[kind]
  if (!refusal) throw new Error(`${client} was not refused: ${kind}`)
  const wait = { wait: place(refusal, 'retryAfterMs'), retryAfter: refusal.retryAfterHeader === undefined ? '–' : 'field' }
  return {
    client,
    revision: era,
    refusal: kind,
    arrives: arrival(refusal),
    status: status(refusal),
    code: place(refusal, 'code'),
    sentence: sentence(refusal, SENTENCES[kind] ?? ''),
    ...(hasWait(kind) && wait),
  }
}

function hasWait(kind: string): boolean {
  return kind.includes('429') || kind.includes('503')
}

function arrival({ how, type }: Refusal): string {
  return how === 'result' ? 'a result with `isError`' : `\`${type}\``
}

function status({ how, status, text }: Refusal): string {
  if (how === 'result') return '200'
  if (status !== undefined) return `field (${status})`
  return /\b(401|403|429|503)\b|Too Many Requests|Service Unavailable|Forbidden|Unauthorized/.test(text) ? 'in the text' : '–'
}

/** Where a field of the error's data ends up. */
function place({ data, text }: Refusal, name: 'code' | 'retryAfterMs'): string {
  if (data?.[name] !== undefined) return 'field'
  return text.includes(`"${name}"`) || JSON.stringify(data ?? {}).includes(`\\"${name}\\"`) ? 'in the text' : '–'
}

function sentence({ how, text, data }: Refusal, fragment: string): string {
  if (how === 'result') return text.startsWith(`${String(data?.code)}: `) ? 'the message' : '–'
  if (text.includes(fragment)) return text.includes('{') ? 'in the text' : 'the message'
  return JSON.stringify(data ?? {}).includes(fragment) ? 'in the text' : '–'
}
