// The proxy's process: carries out the harness's orders, which come over the channel of a child process, and ends with
// it: when the harness dies in any way, the channel closes. It is a process of its own, so that neither a busy harness
// delays the server's bytes nor they the harness's clock.
// What this does not model: anything below TCP. Lost or reordered packets, and the time that connecting takes.
import { Attempts } from './attempts.ts'
import { ProxyLink } from './link.ts'
import type { LinkAddresses, Notice, Reply, Request, Results } from './messages.ts'

const links = new Map<string, ProxyLink>()
let attempts: Attempts | undefined

process.on('disconnect', () => process.exit(0))
process.on('message', (request: Request) => {
  carryOut(request)
    .then((result) => answer({ id: request.id, result }))
    .catch((error: Error) => answer({ id: request.id, problem: error.message }))
    .finally(() => request.do === 'close' && process.disconnect())
})

async function carryOut(request: Request): Promise<Results[Request['do']]> {
  switch (request.do) {
    case 'open':
      return await open(request)
    case 'add':
      return link(request.link).add(request)
    case 'remove':
      return link(request.link).remove(request.toxicId) as undefined
    case 'close':
      for (const open of links.values()) open.close()
      return (await attempts?.close()) as undefined
  }
}

async function open(request: Extract<Request, { do: 'open' }>): Promise<Record<string, LinkAddresses>> {
  const file = new Attempts(request.attemptsFile, (problem) => answer({ problem }))
  attempts = file
  const addresses: Record<string, LinkAddresses> = {}
  for (const spec of request.links) {
    const opened = new ProxyLink(spec, (line) => file.record(line))
    links.set(spec.name, opened)
    addresses[spec.name] = await opened.open()
  }
  return addresses
}

function link(name: string): ProxyLink {
  const found = links.get(name)
  if (!found) throw new Error(`there is no link ${name}`)
  return found
}

function answer(message: Reply | Notice): void {
  if (process.connected) process.send?.(message, () => {})
}
