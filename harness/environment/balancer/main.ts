// The balancer's process (balancer.ts tells what it is for).
import { listen, openDoor, settingsOf } from '../worker-door.ts'
import { Carrier } from './carry.ts'
import { Rotation } from './rotation.ts'
import { watch } from './watch.ts'

interface Settings {
  port: number
  instances: { instance: number; address: string; readyUrl: string }[]
}

const { port, instances } = settingsOf<Settings>()
const addresses = new Map(instances.map(({ instance, address }) => [instance, address]))
const rotation = new Rotation([...addresses.keys()], ({ instance, state }) => state === 'out' && carrier.drop(instance))
const carrier = new Carrier(rotation, addresses)
const address = await listen(carrier.server, port)
// From here on a failed accept is one lost client, not the end of the balancer.
carrier.server.on('error', () => undefined)
await openDoor(address, {
  states: () => rotation.states,
  counts: () => carrier.counts,
  changes: () => rotation.changes,
})
await Promise.all(instances.map(({ instance, readyUrl }) => watch(instance, readyUrl, rotation)))
