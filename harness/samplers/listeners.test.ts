import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { listenersIn, listenersNow } from './listeners.ts'

const HEAD = '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode'
/** As recorded, at servers that accept nobody. */
const TCP = `${HEAD}
   0: 00000000:07E8 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1603 1 000000009a49745e 100 0 0 10 0
   1: 0100007F:85C5 00000000:0000 0A 00000000:0000004D 00:00000000 00000000     0        0 732016 3 000000004d23d6a7 100 0 0 10 0
   3: 0100007F:AC12 0100007F:A0EF 06 00000000:00000000 03:0000049C 00000000     0        0 0 3 00000000d940cde2
  35: 0100007F:85C5 0100007F:A094 01 00000000:00000152 00:00000000 00000000     0        0 0 1 00000000deae5c6f 20 0 0 10 -1
`
const listens = '00000000000000000000000000000000:0000 0A'
const TCP6 = `  sl  local_address                         remote_address                        st tx_queue rx_queue tr tm->when retrnsmt   uid
   0: 0000000000000000FFFF00000100007F:AFDD ${listens} 00000000:00000001 00:00000000 00000000     0        0 731994 2 000000001a8ba886
   1: 00000000000000000000000001000000:90DF ${listens} 00000000:00000000 00:00000000 00000000     0        0 731974 1 0000000097afde40
   2: 00000000000000000000000000000000:AF6D ${listens} 00000000:00000003 00:00000000 00000000     0        0 731929 4 00000000fe5b430c
   3: B80D0120000000000000000005000000:0BBB ${listens} 00000000:00000002 00:00000000 00000000     0        0 731930 1 00000000e4376bc2
   4: 00000000000000000000000001000000:AF6D 00000000000000000000000001000000:8C22 01 00000000:00000000 00:00000000 00000000     0        0 0
`

test('sockets that listen, with how many wait to be accepted; what a connection has received is no line', () => {
  expect(listenersIn(TCP)).toEqual([
    { address: '0.0.0.0', port: 2_024, waiting: 0 },
    { address: '127.0.0.1', port: 34_245, waiting: 77 },
  ])
})

test('of the other family too, and addresses of the first one within it', () => {
  expect(listenersIn(TCP6)).toEqual([
    { address: '127.0.0.1', port: 45_021, waiting: 1 },
    { address: '0:0:0:0:0:0:0:1', port: 37_087, waiting: 0 },
    { address: '0:0:0:0:0:0:0:0', port: 44_909, waiting: 3 },
    { address: '2001:db8:0:0:0:0:0:5', port: 3_003, waiting: 2 },
  ])
})

test('an empty text has none', () => {
  expect(listenersIn('')).toEqual([])
  expect(listenersIn(`${HEAD}\n`)).toEqual([])
})

test('of this machine: one that listens is among them', async () => {
  const server = createServer().listen(0, '127.0.0.1')
  onTestFinished(() => void server.close())
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const found = listenersNow().filter((one) => one.port === port)
  expect(found).toEqual(process.platform === 'linux' ? [{ address: '127.0.0.1', port, waiting: 0 }] : [])
})
