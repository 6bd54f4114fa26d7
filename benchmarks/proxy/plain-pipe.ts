// The least that a proxy in Node can do: two sockets and a pipe each way. What ours adds beyond this is our own doing.
// Arguments: host and port of what is behind it. Prints its own port.
import { type AddressInfo, connect, createServer } from 'node:net'

const [host = '127.0.0.1', port] = process.argv.slice(2)
const server = createServer({ noDelay: true, allowHalfOpen: true }, (client) => {
  const behind = connect({ host, port: Number(port), noDelay: true, allowHalfOpen: true })
  client.pipe(behind)
  behind.pipe(client)
  for (const [one, other] of [
    [client, behind],
    [behind, client],
  ] as const)
    one.on('error', () => other.destroy()).on('close', () => other.destroy())
})
server.listen(0, '127.0.0.1', () => console.log((server.address() as AddressInfo).port))
