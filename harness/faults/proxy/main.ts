// The proxy's process: carries out the harness's orders, which come over the channel of a child process, and ends with
// it: when the harness dies in any way, the channel closes. It is a process of its own, so that neither a busy harness
// delays the server's bytes nor they the harness's clock.
// What this does not model: anything below TCP, such as lost or reordered packets.
import { openAdmin } from './admin.ts'
import { Attempts } from './attempts.ts'
import { ProxyLink } from './link.ts'
import type { Notice, Reply, Request, Results } from './messages.ts'

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
      return await link(request.link).add(request)
    case 'change':
      return (await link(request.link).change(request.toxicId, request.parameters)) as undefined
    case 'remove':
      return (await link(request.link).remove(request.toxicId)) as undefined
    case 'close':
      for (const open of links.values()) await open.close()
      return (await attempts?.close()) as undefined
  }
}

async function open(request: Extract<Request, { do: 'open' }>): Promise<Results['open']> {
  const file = new Attempts(request.attemptsFile, (problem) => answer({ problem }))
  attempts = file
  const addresses: Results['open']['links'] = {}
  for (const spec of request.links) {
    const opened = new ProxyLink(spec, (line) => file.record(line))
    links.set(spec.name, opened)
    addresses[spec.name] = await opened.open()
  }
  const admin = await openAdmin(links, (problem) => answer({ problem }))
  return { links: addresses, adminUrl: admin.url }
}

function link(name: string): ProxyLink {
  const found = links.get(name)
  if (!found) throw new Error(`there is no link ${name}`)
  return found
}

function answer(message: Reply | Notice): void {
  if (process.connected) process.send?.(message, () => {})
}
