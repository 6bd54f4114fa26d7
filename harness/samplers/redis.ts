// What Redis sees of the server: clients, memory, commands, keys. Asked twice a second over a connection of its own, past
// the link. A limiter that leaks keys shows as memory, one that reconnects in a storm as clients.
// What it does not model: single keys; a Redis that does not answer leaves a gap in the samples.
import { connect } from 'node:net'
import { sampler } from './sampler.ts'

const ANSWER_BYTES_MAX = 100_000

export const redis = sampler({
  summary: 'Clients, memory, commands and keys of Redis, as INFO tells them.',
  source: 'Redis documentation, INFO and the inline command format',
  periodMs: 500,
  applies: (environment) => environment.redis !== undefined,
  async sample(environment, _observe, signal) {
    if (!environment.redis) return []
    return [{ values: figuresOf(await info(environment.redis.address, signal)) }]
  },
})

/** The answer to one INFO over a fresh connection: a client library would reconnect and queue behind our back. */
async function info(address: string, signal: AbortSignal): Promise<string> {
  const [host = '', port] = address.split(':')
  const socket = connect({ host, port: Number(port) })
  const stop = (): void => void socket.destroy(new Error('Redis did not answer INFO in time'))
  signal.addEventListener('abort', stop, { once: true })
  try {
    signal.throwIfAborted()
    socket.write('INFO\r\n')
    let text = ''
    for await (const chunk of socket) {
      text += String(chunk)
      const [, lengthBytes] = /^\$(\d+)\r\n/.exec(text) ?? []
      const whole = lengthBytes !== undefined && text.length >= Number(lengthBytes) + `$${lengthBytes}\r\n\r\n`.length
      if (whole || text.startsWith('-') || text.length > ANSWER_BYTES_MAX) break
    }
    if (!text.startsWith('$')) throw new Error(`Redis answered INFO with ${JSON.stringify(text.slice(0, 80))}`)
    return text
  } finally {
    signal.removeEventListener('abort', stop)
    socket.destroy()
  }
}

const FIELDS = { clients: 'connected_clients', memoryBytes: 'used_memory', commands: 'total_commands_processed' } as const

function figuresOf(text: string): Record<string, number> {
  const fields = new Map(text.split(/\r?\n/).map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1)]))
  const figures: Record<string, number> = { keys: Number(/keys=(\d+)/.exec(fields.get('db0') ?? '')?.[1] ?? 0) }
  for (const [name, field] of Object.entries(FIELDS)) {
    const value = Number(fields.get(field) ?? Number.NaN)
    if (Number.isFinite(value)) figures[name] = value
  }
  return figures
}
