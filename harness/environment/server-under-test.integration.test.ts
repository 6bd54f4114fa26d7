import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { freePort } from './free-port.ts'
import { groupMembers } from './process-group.ts'
import { ScratchKeeper } from './scratch-keeper.ts'
import type { ServerInstance } from './server-instance.ts'
import { pathOfUser, startServer } from './server-under-test.ts'

const { signal } = new AbortController()
let keeper: ScratchKeeper
let port: number

beforeEach(async () => {
  keeper = await ScratchKeeper.open()
  port = await freePort()
})

afterEach(async () => {
  await keeper[Symbol.asyncDispose]()
})

/** Answers 503 first, then 200; started by a shell that stays, so that there is a group to end. */
const SERVER = `
  let asked = 0
  require('node:http').createServer((request, response) => response.writeHead(asked++ ? 200 : 503).end(process.version))
    .listen(process.env.PORT, '127.0.0.1', () => console.log(JSON.stringify({ run: process.env.STAMPEDE_RUN })))`

async function start(
  script: string,
  options: { command?: string; harnessNode?: boolean; readyWithinMs?: number; signal?: AbortSignal } = {},
): Promise<ServerInstance> {
  await writeFile(path.join(keeper.folder, 'server.cjs'), script)
  const readyUrl = `http://127.0.0.1:${port}/health`
  const place = { cwd: keeper.folder, env: { PORT: String(port) }, logFile: path.join(keeper.folder, 'server-1.log') }
  return await startServer({ keeper, command: 'true; node server.cjs; true', readyUrl, instance: 1, signal, ...place, ...options })
}

it('waits until the server is ready, runs it with the Node of the harness where that is asked for, and ends all of its group', async () => {
  const server = await start(SERVER, { harnessNode: true })
  expect(server).toMatchObject({ instance: 1, running: true })
  const answer = await fetch(`http://127.0.0.1:${port}/`)
  expect([answer.status, await answer.text()]).toEqual([200, process.version])
  expect((await groupMembers(server.pid)).length).toBe(2)
  await server.stop(2_000)
  expect(server.running).toBe(false)
  expect(await groupMembers(server.pid)).toEqual([])
  expect(await readFile(path.join(keeper.folder, 'server-1.log'), 'utf8')).toBe(`{"run":"${keeper.run}"}\n`)
  await server.stop(2_000)
})

it('runs the node that stands on the PATH of the user', async () => {
  const theirs = path.join(keeper.folder, 'theirs')
  await mkdir(theirs)
  await writeFile(path.join(theirs, 'node'), `#!/bin/sh\nexec '${process.execPath}' --title=theirs "$@"\n`)
  await chmod(path.join(theirs, 'node'), 0o755)
  const before = process.env.PATH
  const ours = path.resolve(import.meta.dirname, '../../node_modules/.bin')
  process.env.PATH = [ours, theirs, before].join(path.delimiter)
  try {
    await using _server = await start(SERVER.replace('process.version', 'process.title'))
    expect(await (await fetch(`http://127.0.0.1:${port}/`)).text()).toBe('theirs')
  } finally {
    process.env.PATH = before
  }
  expect(pathOfUser([ours, '/usr/bin', '/their/project/node_modules/.bin'].join(path.delimiter)).split(path.delimiter)).toEqual([
    '/usr/bin',
    '/their/project/node_modules/.bin',
  ])
})

it('kills what does not end in its grace', async () => {
  const server = await start(`process.on('SIGTERM', () => {});${SERVER}`)
  await server.stop(200)
  expect(await groupMembers(server.pid)).toEqual([])
})

it('tells when the command ends by itself', async () => {
  const server = await start(`process.on('SIGUSR2', () => process.exit(7));${SERVER}`, { command: 'exec node server.cjs' })
  process.kill(server.pid, 'SIGUSR2')
  expect(await server.exited).toEqual({ code: 7, signal: null })
  expect(server.running).toBe(false)
})

it('says why with its last lines when the server ends early', async () => {
  await expect(
    start(`console.log('reading the settings'); console.error('DATABASE_URL is missing'); process.exit(3)`, {
      command: 'exec node server.cjs',
    }),
  ).rejects.toMatchObject({
    code: 'SERVER_DID_NOT_START',
    message: expect.stringMatching(/exit code 3[\s\S]*reading the settings[\s\S]*DATABASE_URL is missing/),
  })
  expect(await keeper.alive()).toEqual([])
})

it.each([
  ['it answers 503', SERVER.replace('200 : 503', '503 : 503')],
  ['it gives no answer at all', 'setInterval(() => {}, 60_000)'],
])('says of a server that is never ready: %s', async (what, script) => {
  await expect(start(script, { readyWithinMs: 3_000 })).rejects.toMatchObject({
    code: 'SERVER_DID_NOT_START',
    message: expect.stringContaining(`within 3 s; ${what}`),
  })
  expect(await keeper.alive()).toEqual([])
})

it('refuses a port on which somebody else answers', async () => {
  await using first = await start(SERVER)
  await expect(start(SERVER)).rejects.toMatchObject({ code: 'PORT_IN_USE' })
  expect(first.running).toBe(true)
})

it('leaves nothing behind when the run is aborted while it waits', async () => {
  const run = new AbortController()
  const starting = start('setInterval(() => {}, 1_000)', { signal: run.signal })
  await expect.poll(() => keeper.kept.length).toBe(1)
  run.abort(new Error('Ctrl-C'))
  await expect(starting).rejects.toThrow('Ctrl-C')
  expect(await groupMembers(keeper.kept[0]?.pid ?? 0)).toEqual([])
})
