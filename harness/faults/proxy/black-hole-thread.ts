// The thread of a black hole: listens, tells so, and sleeps until it may end. It never comes round to accepting.
import { once } from 'node:events'
import { createServer } from 'node:net'
import { parentPort, workerData } from 'node:worker_threads'
import type { BlackHoleOrder } from './black-hole.ts'

const { ports, cell } = workerData as BlackHoleOrder
const servers = ports.map((port) => createServer().listen({ port, host: '127.0.0.1', backlog: 1 }))
await Promise.all(servers.map((server) => once(server, 'listening')))
parentPort?.postMessage('listening')
Atomics.wait(cell, 0, 0)
process.exit(0)
