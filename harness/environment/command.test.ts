import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'
import { isAlive } from '../run/process-table.ts'

it('does not hold its own process back for what the command left running, which goes on', async () => {
  const command = 'sleep 60 & echo $!'
  const script = `
    const { runCommand } = await import(${JSON.stringify(import.meta.resolve('./command.ts'))})
    console.log((await runCommand(${JSON.stringify(command)}, { cwd: '/', limitMs: 20_000 })).output)`
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script], { timeout: 20_000 })
  const left = Number(stdout)
  expect(isAlive(left)).toBe(true)
  process.kill(left, 'SIGKILL')
})
