// `npm run server` as a user tries it: it starts, the printed curl line works as printed, every token does what it says,
// Ctrl-C leaves nothing.
import { execFileSync, spawn } from 'node:child_process'
import { readdirSync } from 'node:fs'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { expect, test } from 'vitest'
import { processesOf } from '../harness/run/process-table.ts'
import { finish, Workshop } from './fixtures/cli.ts'

test('serves, answers the printed call, and leaves nothing', async () => {
  using workshop = new Workshop()
  const child = workshop.start('server', '--port', '0')
  const ended = finish(child)
  let said = ''
  for await (const line of createInterface({ input: child.stdout as NodeJS.ReadableStream })) {
    said += `${line}\n`
    if (line.startsWith('Ctrl-C')) break
  }
  const [curl = ''] = /^curl [\s\S]*?'\{.*\}'$/m.exec(said) ?? []
  const answer = JSON.parse(execFileSync('/bin/sh', ['-c', curl], { encoding: 'utf8', timeout: 10_000 }))
  expect(answer).toMatchObject({ id: 1, result: { structuredContent: { tables: expect.arrayContaining([expect.anything()]) } } })
  const tokens = [...said.matchAll(/^ {4}(mcp_\S+)$/gm)].map(([, token]) => token)
  expect(tokens).toHaveLength(3)
  for (const token of tokens) {
    const own = curl.replace(/Bearer \S+(?=')/, `Bearer ${token}`)
    expect(JSON.parse(execFileSync('/bin/sh', ['-c', own], { encoding: 'utf8', timeout: 10_000 }))).toHaveProperty('result')
  }
  const [run = ''] = readdirSync(path.join(workshop.temporary, `stampede-${process.getuid?.() ?? 'user'}`))
  expect(processesOf(run.replace('.json', ''))).not.toEqual([])
  child.kill('SIGINT')
  expect((await ended).code).toBe(0)
  expect(processesOf(run.replace('.json', ''))).toEqual([])
})

test('a port that is taken is refused with what to type', async () => {
  using workshop = new Workshop()
  const taken = spawn(process.execPath, [
    '-e',
    `require('node:net').createServer().listen(0, '127.0.0.1', function () { console.log(this.address().port) })`,
  ])
  const [port = ''] = await new Promise<string[]>((resolve) => taken.stdout.once('data', (data) => resolve(String(data).split('\n'))))
  const { code, stderr } = await workshop.cli('server', '--port', port)
  taken.kill()
  expect(code).toBe(254)
  expect(stderr).toContain(`PORT_IN_USE: port ${port} is in use`)
  expect(stderr).toContain('npm run server -- --port 0')
})
