// `npm run server` as a user tries it: it starts, the printed curl line works as printed, every token does what it says,
// Ctrl-C leaves nothing.
import { execFileSync, spawn } from 'node:child_process'
import { readdirSync } from 'node:fs'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { expect, test } from 'vitest'
import { processesOf } from '../harness/run/process-table.ts'
import { finish, Workshop } from './fixtures/cli.ts'

/** Starts it and reads until it has said everything. */
async function serving(workshop: Workshop, ...words: string[]) {
  const child = workshop.start('server', '--port', '0', ...words)
  const ended = finish(child)
  let said = ''
  for await (const line of createInterface({ input: child.stdout as NodeJS.ReadableStream })) {
    said += `${line}\n`
    if (line.startsWith('Ctrl-C')) break
  }
  const [curl = ''] = /^curl [\s\S]*?'\{.*\}'$/m.exec(said) ?? []
  const [run = ''] = readdirSync(path.join(workshop.temporary, `stampede-${process.getuid?.() ?? 'user'}`))
  const processes = () => processesOf(run.replace('.json', ''))
  return { child, ended, said, curl, processes }
}

function shell(command: string): string {
  return execFileSync('/bin/sh', ['-c', command], { encoding: 'utf8', timeout: 10_000 })
}

test('serves, answers the printed call with each of the tokens, and leaves nothing', async () => {
  using workshop = new Workshop()
  const { child, ended, said, curl, processes } = await serving(workshop)
  const tables = { id: 1, result: { structuredContent: { tables: expect.arrayContaining([expect.anything()]) } } }
  expect(JSON.parse(shell(curl))).toMatchObject(tables)
  const tokens = [...said.matchAll(/^ {4}(mcp_\S+)$/gm)].map(([, token]) => token)
  expect(tokens).toHaveLength(3)
  for (const token of tokens) expect(JSON.parse(shell(curl.replace(/Bearer \S+(?=')/, `Bearer ${token}`)))).toMatchObject(tables)
  expect(processes()).not.toEqual([])
  child.kill('SIGINT')
  expect((await ended).code).toBe(0)
  expect(processes()).toEqual([])
})

test('several instances share the calls behind one address', async () => {
  using workshop = new Workshop()
  const { child, ended, curl, processes } = await serving(workshop, '--instances', '2')
  const answered = Array.from({ length: 4 }, () => /^x-instance: (.*?)\r?$/im.exec(shell(`${curl} -i`))?.[1])
  expect(new Set(answered)).toEqual(new Set(['server-1', 'server-2']))
  child.kill('SIGTERM')
  expect((await ended).code).toBe(0)
  expect(processes()).toEqual([])
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
