// Ctrl-C while a script of ours has Postgres and Redis beside it, as `npm run test:long -- server-fuzz` has: nothing is left of them, whether
// they are up or only starting. (Of a run's own services, which have a lease, that is tests/lifecycle.)
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, mkdtempSync, readdirSync, readlinkSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { expect, test } from 'vitest'
import { processesOf } from '../harness/run/process-table.ts'
import { ROOT } from './fixtures/cli.ts'

const SCRIPT = `
  import { startDeskServices } from '${ROOT}/tests/fixtures/desk-services.ts'
  await using services = await startDeskServices(AbortSignal.timeout(60_000))
  console.log('up')
  setInterval(() => {}, 1_000)
  await new Promise(() => {})
`

test.each(['starting', 'up'])('Ctrl-C while they are %s', async (moment) => {
  const temporary = mkdtempSync(path.join(tmpdir(), 'stampede-desk-'))
  // Postgres runs as somebody else.
  chmodSync(temporary, 0o711)
  using _ = { [Symbol.dispose]: () => rmSync(temporary, { recursive: true, force: true }) }
  const env = { ...process.env, TMPDIR: temporary }
  const script = spawn(process.execPath, ['--input-type=module', '-e', SCRIPT], { env, stdio: ['ignore', 'pipe', 'inherit'] })
  const exited = once(script, 'exit')
  const up = once(createInterface(script.stdout), 'line')
  await expect.poll(() => readdirSync(temporary).flatMap(processesOf).length, { timeout: 60_000 }).toBeGreaterThan(0)
  const [run = ''] = readdirSync(temporary)
  if (moment === 'up') await up

  script.kill('SIGINT')

  expect(await exited).toEqual([null, 'SIGINT'])
  expect(processesOf(run).map(({ command }) => command)).toEqual([])
  expect(standingIn(temporary)).toEqual([])
  expect(readdirSync(temporary)).toEqual([])
})

/** Pids of those that work in a folder, or did until it was removed. Redis writes its title over its environment. */
function standingIn(folder: string): string[] {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name))
  return pids.filter((pid) => {
    try {
      return readlinkSync(`/proc/${pid}/cwd`).startsWith(folder)
    } catch {
      return false
    }
  })
}
