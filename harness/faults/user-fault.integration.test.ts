// Faults of the user's own: felt, healed, healed again; by the next start when the harness was killed; by the watchdog when nobody
// starts again.
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import type { Environment } from '../environment/service.ts'
import { Lease, sweep } from '../run/lease.ts'
import { isAlive } from '../run/process-table.ts'
import { commandFault } from './user-fault.ts'

let folder: string
let lease: Lease
let environment: Environment
const run = new AbortController()

beforeEach(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'stampede-user-fault-'))
  lease = new Lease('st-user', path.join(folder, 'leases'))
  environment = { keeper: lease, links: {}, servers: [], url: 'http://127.0.0.1:1/mcp' }
})

afterEach(async () => {
  await lease[Symbol.asyncDispose]()
  rmSync(folder, { recursive: true, force: true })
})

const flag = () => path.join(folder, 'down')
const fault = (more = {}) => commandFault('flag-down', { inject: 'touch down', heal: 'rm -f down', felt: 'test -e down', ...more }, folder)
const inject = (more = {}, signal = run.signal) => Promise.resolve(fault(more).inject(environment, {}, signal))

function leased() {
  return JSON.parse(readFileSync(path.join(folder, 'leases/st-user.json'), 'utf8'))
}

it('is felt, healed, and healed twice; nothing is left in the lease or in the process table', async () => {
  const injected = await inject()
  expect(await injected.felt()).toMatchObject({ seen: true })
  const { pid } = leased().processes.at(-1)
  expect(leased()).toMatchObject({ faults: [{ remedies: [{ do: 'command', command: 'rm -f down', cwd: folder }] }] })
  await injected[Symbol.asyncDispose]()
  await injected[Symbol.asyncDispose]()
  expect(await injected.healed()).toMatchObject({ seen: true })
  expect(await injected.felt()).toMatchObject({ seen: false })
  expect(leased().faults).toEqual([])
  await expect.poll(() => isAlive(pid)).toBe(false)
})

it('heals when the run is aborted, and when its inject failed half way', async () => {
  const abort = new AbortController()
  await inject({}, abort.signal)
  abort.abort(new Error('Ctrl-C'))
  await expect.poll(() => existsSync(flag())).toBe(false)
  await expect(inject({ inject: 'touch down; echo no such cluster; false' })).rejects.toMatchObject({
    code: 'FAULT_NOT_POSSIBLE',
    message: expect.stringContaining('no such cluster'),
  })
  expect(existsSync(flag())).toBe(false)
})

it('is healed by the next start when the harness was killed', async () => {
  await inject()
  const content = leased()
  writeFileSync(path.join(folder, 'leases/st-user.json'), JSON.stringify({ ...content, harness: { pid: 0, name: 'harness' } }))
  expect(await sweep(path.join(folder, 'leases'))).toEqual([
    'healed a fault that run st-user, which was killed, had left in the target',
    'cleaned up after run st-user, which was killed: ended 1 process, removed its folder',
  ])
  expect(existsSync(flag())).toBe(false)
  expect(isAlive(content.processes.at(-1).pid)).toBe(false)
})

it('is healed at the end of its time to live when nobody starts again', async () => {
  await inject({ ttlS: 1 })
  expect(existsSync(flag())).toBe(true)
  lease.killNow()
  expect(readdirSync(path.join(folder, 'leases'))).toEqual(['st-user.json'])
  await expect.poll(() => existsSync(flag()), { timeout: 5_000 }).toBe(false)
})

it('is watched over when it was injected half way and could not be healed', async () => {
  const halfway = { inject: 'touch down; false', heal: 'test -e ready && rm -f down', ttlS: 1 }
  await expect(inject(halfway)).rejects.toMatchObject({ code: 'HEAL_FAILED', message: expect.stringContaining('half injected') })
  expect(leased().faults).toHaveLength(1)
  writeFileSync(path.join(folder, 'ready'), '')
  await expect.poll(() => existsSync(flag()), { timeout: 5_000 }).toBe(false)
})

it('says so when it cannot be healed, and leaves it to the next start', async () => {
  const injected = await inject({ heal: 'test -e ready && rm -f down' })
  await expect(Promise.resolve(injected[Symbol.asyncDispose]())).rejects.toMatchObject({
    code: 'HEAL_FAILED',
    hint: expect.stringContaining('by hand'),
  })
  await lease[Symbol.asyncDispose]()
  const content = leased()
  expect(content.faults).toHaveLength(1)
  writeFileSync(path.join(folder, 'ready'), '')
  writeFileSync(path.join(folder, 'leases/st-user.json'), JSON.stringify({ ...content, harness: { pid: 0, name: 'harness' } }))
  expect((await sweep(path.join(folder, 'leases')))[0]).toContain('healed a fault')
  expect(existsSync(flag())).toBe(false)
})
