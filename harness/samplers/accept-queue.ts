// The line at the door: connections that the kernel has made and that nobody has accepted yet, of the server and of what the run has put
// before it. Node accepts one a turn of its loop, a server that is full or busy none: who waits there stands before every gate of the
// server and in no log of its own.
//
// Series: `acceptQueue`, by instance, `proxy` and `balancer`; no reading where no socket of this machine listens at that port. It asks
// nobody: two files of the kernel's, as far as their listeners go. Linux only. Not modelled: attempts that the kernel turns away since the
// line is full, a server in a network namespace of its own, and lines on a balancer's or a server's inside.
import { listenersNow } from './listeners.ts'
import { type Reading, sampler } from './sampler.ts'

/** Takes what is sent to this machine by its loopback address. */
const REACHED = /^(127\.|0\.0\.0\.0$|(0:){7}[01]$)/

export const acceptQueue = sampler({
  summary: 'Connections that wait to be accepted by the server, the proxy and the balancer.',
  source: 'Linux kernel documentation, "The proc/net/tcp and proc/net/tcp6 variables"; libuv/libuv#3696',
  periodMs: 250,
  applies: ({ doors = {} }) => process.platform === 'linux' && Object.keys(doors).length > 0,
  async sample({ doors = {} }, _observe, signal) {
    signal.throwIfAborted()
    const listeners = listenersNow().filter(({ address }) => REACHED.test(address))
    return Object.entries(doors).flatMap(([instance, door]): Reading[] => {
      const own = listeners.filter(({ port }) => port === door)
      // Several may share a port (SO_REUSEPORT).
      return own.length === 0 ? [] : [{ instance, values: { acceptQueue: own.reduce((sum, { waiting }) => sum + waiting, 0) } }]
    })
  },
})
