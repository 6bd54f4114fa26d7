import { expect, test } from 'vitest'
import type { Environment, FaultKeeper, Remedy } from '../environment/service.ts'
import { breaking } from './breaking.ts'

const remedies: Remedy[] = [{ do: 'signal', pid: process.pid, group: false, signal: 'SIGCONT' }]

/** What happened, in order. */
function stage({ healFails = 0 } = {}) {
  const log: string[] = []
  const keeper: FaultKeeper = {
    run: 'r',
    folder: '/nowhere',
    process: () => {},
    remember: () => {
      log.push('remembered')
      return () => void log.push('forgotten')
    },
  }
  const environment: Environment = { keeper, links: {}, servers: [], url: '' }
  let fails = healFails
  const heal = async () => {
    log.push('heal')
    if (fails-- > 0) throw new Error('not yet')
  }
  const harm = async () => void log.push('harm')
  return { log, environment, heal, harm }
}

test('harm is done after it was written down, and undone once', async () => {
  const { log, environment, heal, harm } = stage()
  const undo = await breaking(environment, { remedies, harm, heal, signal: new AbortController().signal })
  await undo[Symbol.asyncDispose]()
  await undo[Symbol.asyncDispose]()
  expect(log).toEqual(['remembered', 'harm', 'heal', 'forgotten'])
})

test('harm that fails half-way is undone at once', async () => {
  const { log, environment, heal } = stage()
  const harm = () => Promise.reject(new Error('half-way'))
  await expect(breaking(environment, { remedies, harm, heal, signal: new AbortController().signal })).rejects.toThrow('half-way')
  expect(log).toEqual(['remembered', 'heal', 'forgotten'])
})

test('harm that fails half-way and cannot be undone is another failure, and stays written down', async () => {
  const { log, environment, heal } = stage({ healFails: 1 })
  const harm = () => Promise.reject(new Error('half-way'))
  const half = breaking(environment, { remedies, harm, heal, signal: new AbortController().signal })
  await expect(half).rejects.toMatchObject({ code: 'HEAL_FAILED', message: expect.stringContaining('not yet') })
  expect(log).toEqual(['remembered', 'heal'])
})

test('an abort while it is being done undoes it', async () => {
  const { log, environment, heal } = stage()
  const run = new AbortController()
  const harm = async () => run.abort(new Error('Ctrl-C'))
  await expect(breaking(environment, { remedies, harm, heal, signal: run.signal })).rejects.toThrow('Ctrl-C')
  expect(log).toEqual(['remembered', 'heal', 'forgotten'])
})

test('a heal that failed stays written down, is said, and is tried again', async () => {
  const { log, environment, heal, harm } = stage({ healFails: 1 })
  const undo = await breaking(environment, { remedies, harm, heal, signal: new AbortController().signal })
  await expect(undo[Symbol.asyncDispose]()).rejects.toThrow('not yet')
  expect(log).not.toContain('forgotten')
  await undo[Symbol.asyncDispose]()
  expect(log.at(-1)).toBe('forgotten')
})
