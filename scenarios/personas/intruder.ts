// An agent that tries what it may not: a token without the scope, of another tenant, for another server, expired, revoked, malformed; or a
// known key with another payload. Each of its calls must be refused, and its line says with what it tried. One of its tokens is right, and
// only not to be checked yet (`new-key`): to refuse that one for good is as wrong as to let the others in. Another (`unknown-key`) looks
// just like it, but its key is nobody's, and another one with each call.
//
// Stands for: tokens that leak, age or are pieced together, and keys that are guessed. What must become of it: the check
// auth-truthful; of the payload: effects-once; of the provider's key set: retry-amplification. Its calls are the stress: nobody counts
// them as goodput.
// Parameters: everyMs, its pace (1,000 ms, 20–600,000); tries, `all` (four credentials in turn), one credential, or `altered-payload`
// (a call of its own, then the same key with other arguments).
// The target mints the credentials (`agents.credentials`); one that it does not mint is refused before the run.
// Not modelled: guessing at machine speed, stolen client certificates.
import { choice, milliseconds } from '../../harness/parameters.ts'
import { persona, type SketchedCall } from '../../harness/persona.ts'

const IN_TURN = ['wrong-scope', 'wrong-tenant', 'expired', 'malformed'] as const
const CREDENTIALS = [...IN_TURN, 'wrong-audience', 'revoked', 'new-key', 'unknown-key'] as const

export const intruder = persona({
  summary: 'Tries with tokens that must not let it in, or with another payload under a known key.',
  source:
    'RFC 6750 §3.1; RFC 8725 (audience, expiry); OpenID Connect Core §10.1.1 (unknown keys); draft-ietf-httpapi-idempotency-key-header (another payload: 422)',
  hostile: true,
  shows: ({ tries = 'all' }) => (tries === 'all' ? IN_TURN : CREDENTIALS.filter((one) => one === tries)),
  parameters: {
    everyMs: milliseconds(1_000, { from: 20, to: 600_000 }),
    tries: choice(['all', ...CREDENTIALS, 'altered-payload'], 'all'),
  },
  tasks(draw, { everyMs, tries }, span) {
    return draw.arrivals(span, everyMs, 'regular').map((atMs, n) => ({ atMs, calls: callsWith(tries, n) }))
  },
  async act(agent, task, { tries }) {
    const [call, other] = task.calls
    if (!call) return
    const answer = await agent.call(call)
    const isOther = other && JSON.stringify(other.arguments) !== JSON.stringify(call.arguments)
    if (tries === 'altered-payload' && isOther && answer.ok) await agent.again(answer, { altered: other.arguments })
  },
})

function callsWith(tries: string, n: number): SketchedCall[] {
  // Two calls draw two payloads; the second is never sent as its own.
  if (tries === 'altered-payload') return [1, 2].map((turn) => ({ turn, thinkMs: 0 }))
  const credential = tries === 'all' ? IN_TURN[n % IN_TURN.length] : CREDENTIALS.find((known) => known === tries)
  return [{ turn: 1, thinkMs: 0, ...(credential && { credential }) }]
}
