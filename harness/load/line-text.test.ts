import { expect, test } from 'vitest'
import { examples } from '../history/event-schema.ts'
import type { Evidence } from '../history/load-line.ts'
import { endLine, sendLine } from './line-text.ts'

/** What no fine result has. */
type Unfit = 'date' | 'transport' | 'transportText' | 'challenge' | 'rpcCode' | 'data'

const send = examples.find((line) => line.kind === 'send')
const end = examples.find((line) => line.kind === 'end')

test('a line by hand is what JSON.stringify makes of it', () => {
  if (!send || !end) throw new Error('no examples')
  const whole = { ...send, parent: 'p-1', key: 'r1."k"', credential: 'expired' as const, altered: true as const, tool: 'größe "x"\n' }
  for (const line of [send, whole]) expect(JSON.parse(sendLine(line))).toEqual(line)
  const { kind: _, seq, call, agent, endedAtMs, ...evidence } = end
  const odd = {
    ...evidence,
    message: 'a "quoted" \u2028 line\n',
    rpcId: null,
    instance: '"',
    isError: true,
    correct: false,
    transportText: '\\',
  }
  const usual = { status: 200, contentType: 'a/"b"', sizeBytes: 7, parsed: true, rpcId: call, isError: false }
  const headers = { retryAfter: '"', rateLimit: '"a";r=0', rateLimitPolicy: '"a";q=1', instance: '"', correct: true }
  // All that a fine result may have beside.
  const more: Required<Omit<Evidence, keyof typeof usual | Unfit>> = {
    ...headers,
    correct: false,
    message: 'a "b"',
    hash: 'ab',
    replayed: true,
    tenants: ['a'],
  }
  const each = Object.entries(more).map(([name, value]) => ({ ...usual, [name]: value }))
  for (const own of [evidence, odd, { status: 0 }, usual, { ...usual, ...headers }, ...each])
    expect(JSON.parse(endLine(seq, call, agent, endedAtMs, own))).toEqual({ kind: 'end', seq, call, agent, endedAtMs, ...own })
})
