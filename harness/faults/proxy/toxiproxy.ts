// Links that go through a toxiproxy which already runs somewhere, driven with our words: its proxy of a dependency's name is the
// link of that name. What is different from our own proxy: attempts are not counted, so that what rests on them is not judged;
// draws are toxiproxy's own, so that a seed does not repeat them; `reset` and `cut` end connections with FIN; a toxic may take
// seconds to end; canaries share the door with everybody. Connecting cannot be shaped: connectDelay and blackHole are refused.
import { request } from 'undici'
import type { FaultKeeper, Link, LinkToxic, Remedy, Stream, Toxics } from '../../environment/service.ts'
import { HarnessError } from '../../errors.ts'

const ORDER_LIMIT_MS = 10_000

interface Spec {
  type: string
  stream: Stream
  toxicity?: number
  attributes: Record<string, number>
}

type Mapping = { [K in keyof Toxics]?: (parameters: Toxics[K]) => Spec[] }

/** Each way that is meant; with a toxicity of less than 1 both ways are drawn apart, since toxiproxy draws for each toxic. */
const ways = (type: string, attributes: Record<string, number>, { stream, toxicity = 1 }: { stream?: Stream; toxicity?: number }): Spec[] =>
  (['upstream', 'downstream'] as const).filter((way) => (stream ?? way) === way).map((way) => ({ type, stream: way, attributes, toxicity }))

const SPECS: Mapping = {
  latency: ({ delayMs, jitterMs = 0, ...aim }) => ways('latency', { latency: Math.round(delayMs), jitter: Math.round(jitterMs) }, aim),
  cut: ({ afterBytes, share }) => ways('limit_data', { bytes: afterBytes }, { stream: 'downstream', toxicity: share }),
  bandwidth: ({ bytesPerSecond, ...aim }) => ways('bandwidth', { rate: Math.max(1, Math.round(bytesPerSecond / 1_024)) }, aim),
  timeout: ({ closeAfterMs, ...aim }) => ways('timeout', { timeout: closeAfterMs }, aim),
  slowClose: ({ delayMs, ...aim }) => ways('slow_close', { delay: delayMs }, { stream: 'downstream', ...aim }),
  limitData: ({ bytes, ...aim }) => ways('limit_data', { bytes }, { stream: 'downstream', ...aim }),
  slicer: ({ sizeBytes, delayMs, ...aim }) => ways('slicer', { average_size: sizeBytes, size_variation: 0, delay: delayMs * 1_000 }, aim),
}

/**
 * @param url of its API: `http://127.0.0.1:8474`
 * @param names dependencies to look for; those that it has no proxy of are left out
 * @throws HarnessError `TOXIPROXY_FAILED`
 */
export async function toxiproxyLinks(url: string, names: readonly string[], keeper: FaultKeeper): Promise<Record<string, Link>> {
  const proxies = (await ask(url, 'GET', '/proxies')) as Record<string, { listen: string }>
  const found = names.filter((name) => proxies[name] !== undefined)
  return Object.fromEntries(found.map((name) => [name, linkOf(url, name, proxies[name]?.listen ?? '', keeper)]))
}

function linkOf(url: string, name: string, listen: string, keeper: FaultKeeper): Link {
  // It may listen on all of its machine's addresses: then it is reached where its API is.
  const port = listen.slice(listen.lastIndexOf(':') + 1)
  const host = /^(\[::\]|0\.0\.0\.0|):/.test(listen) ? new URL(url).hostname : listen.slice(0, listen.lastIndexOf(':'))
  const address = `${host}:${port}`
  return {
    name,
    address,
    canaryAddress: address,
    async add<K extends keyof Toxics>(toxic: K, parameters: Toxics[K], signal?: AbortSignal): Promise<LinkToxic<K>> {
      signal?.throwIfAborted()
      // Its reset_peer waits for the next data; switched off and on, every live connection ends at once.
      const switches = toxic === 'down' || toxic === 'reset'
      if (switches && 'toxicity' in parameters && (parameters.toxicity ?? 1) < 1)
        throw new HarnessError('FAULT_NOT_POSSIBLE', `toxiproxy has no ${toxic} of some connections`, 'leave --toxiproxy or toxicity out')
      const added = switches ? await switchOff(url, name, keeper) : await addAll(url, name, toxic, parameters, keeper)
      // Once, and over.
      if (toxic === 'reset') await added.remove()
      const aborted = () => void added.remove().catch(() => undefined)
      signal?.addEventListener('abort', aborted, { once: true })
      if (signal?.aborted) await added.remove()
      return {
        change: added.change,
        async remove() {
          signal?.removeEventListener('abort', aborted)
          await added.remove()
        },
      }
    },
  }
}

async function switchOff(url: string, name: string, keeper: FaultKeeper): Promise<LinkToxic<keyof Toxics>> {
  const path = `/proxies/${name}`
  const on = { do: 'http', method: 'POST', url: `${url}${path}`, body: JSON.stringify({ enabled: true }) } as const
  const remove = undoing(url, [on], keeper)
  try {
    await ask(url, 'POST', path, { enabled: false })
  } catch (error) {
    await remove().catch(() => undefined)
    throw error
  }
  return { remove, change: () => Promise.resolve() }
}

let last = 0

async function addAll<K extends keyof Toxics>(
  url: string,
  name: string,
  toxic: K,
  parameters: Toxics[K],
  keeper: FaultKeeper,
): Promise<LinkToxic<K>> {
  const map = SPECS[toxic]
  if (!map)
    throw new HarnessError('FAULT_NOT_POSSIBLE', `toxiproxy has no ${toxic}`, 'leave --toxiproxy out: the harness’s own proxy has it')
  const path = `/proxies/${name}/toxics`
  const named = map(parameters).map((spec) => ({ ...spec, name: `stampede-${keeper.run}-${++last}` }))
  const remedies = named.map((spec): Remedy => ({ do: 'http', method: 'DELETE', url: `${url}${path}/${spec.name}` }))
  const remove = undoing(url, remedies, keeper)
  try {
    for (const spec of named) await ask(url, 'POST', path, spec)
  } catch (error) {
    await remove().catch(() => undefined)
    throw error
  }
  return {
    remove,
    async change(grown) {
      const specs = map(grown)
      for (const [at, spec] of named.entries()) await ask(url, 'POST', `${path}/${spec.name}`, { attributes: specs[at]?.attributes ?? {} })
    },
  }
}

/** On disk before the harm is done; carried out once. */
function undoing(url: string, remedies: readonly Remedy[], keeper: FaultKeeper): () => Promise<void> {
  const forget = keeper.remember(remedies)
  let undone: Promise<void> | undefined
  const undo = async () => {
    for (const remedy of remedies) {
      if (remedy.do === 'http') await ask(url, remedy.method, remedy.url.slice(url.length), remedy.body && JSON.parse(remedy.body), [404])
    }
    forget()
  }
  return () => {
    undone ??= undo().catch((error: unknown) => {
      undone = undefined
      throw error
    })
    return undone
  }
}

async function ask(url: string, method: 'GET' | 'POST' | 'DELETE', path: string, body?: unknown, fine: number[] = []): Promise<unknown> {
  let text = ''
  try {
    const signal = AbortSignal.timeout(ORDER_LIMIT_MS)
    const answer = await request(`${url}${path}`, { method, signal, ...(body !== undefined && { body: JSON.stringify(body) }) })
    text = await answer.body.text()
    if (answer.statusCode < 300 || fine.includes(answer.statusCode)) return text === '' ? undefined : JSON.parse(text)
    throw new Error(`it answered ${answer.statusCode}: ${text.slice(0, 200)}`)
  } catch (cause) {
    throw new HarnessError(
      'TOXIPROXY_FAILED',
      `${method} ${path} at ${url}: ${(cause as Error).message}`,
      `try: curl ${url}/proxies`,
      cause,
    )
  }
}
