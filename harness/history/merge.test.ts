import { appendFile, mkdir, mkdtemp, readFile, rm, truncate, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { hardened } from '../../tests/fixtures/histories/hardened.ts'
import { buildHistory } from './merge.ts'

let folder: string

beforeEach(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'stampede-merge-'))
  await hardened().writeTo(folder)
})

afterEach(() => rm(folder, { recursive: true, force: true }))

const raw = (name: string) => path.join(folder, 'raw', name)

async function editManifest(edit: Record<string, unknown>, name = 'manifest.json'): Promise<void> {
  const file = path.join(folder, name)
  await writeFile(file, JSON.stringify({ ...JSON.parse(await readFile(file, 'utf8')), ...edit }))
}

describe('a whole run', () => {
  test('is read as it was recorded', async () => {
    const built = await buildHistory(folder)
    const told = hardened().history()
    expect(built.calls.map(({ server: _server, ...call }) => call)).toEqual(told.calls.map(({ server: _server, ...call }) => call))
    expect(built.faults).toEqual(told.faults)
    expect(built.agents).toEqual(told.agents)
    expect(built.effects).toEqual(told.effects)
    expect(built.manifest.notes).toEqual([])
    expect(built.manifest.raw).toMatchObject({ 'load.ndjson': 'whole', 'effects.ndjson': 'whole' })
  })

  test('is the same made a second time', async () => {
    const built = await buildHistory(folder)
    const written = await readFile(path.join(folder, 'history.ndjson'), 'utf8')
    expect(await buildHistory(folder)).toEqual(built)
    expect(await readFile(path.join(folder, 'history.ndjson'), 'utf8')).toBe(written)
  })

  test('history.ndjson is in the order of time', async () => {
    await buildHistory(folder)
    const lines = (await readFile(path.join(folder, 'history.ndjson'), 'utf8')).trim().split('\n')
    const times = lines
      .map((line) => JSON.parse(line))
      .flatMap(({ sentAtMs, atMs }) => ((sentAtMs ?? atMs) === undefined ? [] : [sentAtMs ?? atMs]))
    expect(times).toEqual([...times].sort((a, b) => a - b))
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({ kind: 'history', schemaVersion: 1, lines: lines.length - 1 })
  })
})

describe('the server’s log', () => {
  test('is joined by the call’s id; lines of others are no calls', async () => {
    const [first, second] = hardened().sends
    const line = (value: unknown) => `${typeof value === 'string' ? value : JSON.stringify(value)}\n`
    await writeFile(
      raw('server-1.log'),
      [
        line('listening on 127.0.0.1:4000'),
        line({ request_id: first?.call, msg: 'call', duration_ms: 12.5 }),
        line({ request_id: first?.call, msg: 'call begins' }),
        line({ request_id: 'st-other-steady-01-t1-1', duration_ms: 3 }),
        line({ request_id: 7 }),
        '{"request_id":"st-tes',
      ].join(''),
    )
    await writeFile(raw('server-2.log'), line({ request_id: second?.call, duration_ms: 4 }))
    const history = await buildHistory(folder)
    const side = (call: string | undefined) => history.calls.find((known) => known.call === call)?.server
    expect(side(first?.call)).toEqual({ instance: '1', durationMs: 12.5 })
    expect(side(second?.call)).toEqual({ instance: '2', durationMs: 4 })
    expect(history.manifest.callsInServerLog).toBe(2)
  })

  test('names calls that the generator’s own file lacks, as after a kill', async () => {
    const { run } = JSON.parse(await readFile(path.join(folder, 'manifest.json'), 'utf8')) as { run: string }
    const took = (call: string) => `${JSON.stringify({ request_id: call, duration_ms: 4 })}\n`
    await writeFile(raw('server-1.log'), took(`${run}-steady-01-t999-1`))
    expect((await buildHistory(folder)).manifest.notes).toEqual([expect.stringContaining(`the call ${run}-steady-01-t999-1`)])
    await writeFile(raw('server-1.log'), ['1', '2', '3'].map((n) => took(`${run}-steady-01-t999-${n}`)).join(''))
    expect((await buildHistory(folder)).manifest.notes).toEqual([expect.stringContaining('3 calls, first ')])
  })

  test('shows calls that came more than once, which the agents did not ask for', async () => {
    const [first, second, third] = hardened().sends
    const took = (call: string | undefined) => `${JSON.stringify({ request_id: call, duration_ms: 4 })}\n`
    const begins = (call: string | undefined) => `${JSON.stringify({ request_id: call, msg: 'call begins' })}\n`
    await writeFile(raw('server-1.log'), [begins(first?.call), took(first?.call), took(second?.call), took(third?.call)].join(''))
    expect((await buildHistory(folder)).manifest).toMatchObject({ callsInServerLog: 3, callsTwiceInServerLog: 0, notes: [] })
    await writeFile(raw('server-2.log'), [took(third?.call), took(second?.call), took(second?.call)].join(''))
    const { manifest } = await buildHistory(folder)
    expect(manifest).toMatchObject({ callsInServerLog: 3, callsTwiceInServerLog: 2 })
    expect(manifest.notes).toEqual([
      `the server's logs have 2 calls more than once, first ${second?.call}: they were sent again on the way, or the log has more than one line with a duration for each`,
    ])
    const [header = ''] = (await readFile(path.join(folder, 'history.ndjson'), 'utf8')).split('\n')
    expect(JSON.parse(header)).toMatchObject({ callsInServerLog: 3, callsTwiceInServerLog: 2, notes: manifest.notes })
  })

  test('does not say how often calls came when no line says how long they took', async () => {
    const call = hardened().sends[0]?.call
    await writeFile(raw('server-1.log'), `${JSON.stringify({ request_id: call })}\n`.repeat(2))
    const { manifest } = await buildHistory(folder)
    expect(manifest).toMatchObject({ callsInServerLog: 1, notes: [] })
    expect(manifest).not.toHaveProperty('callsTwiceInServerLog')
  })

  test('has the field names of the target, a dot stepping into an object', async () => {
    await editManifest({ observed: { requestId: 'req.id', durationMs: 'took' } })
    const call = hardened().sends[0]?.call
    await writeFile(raw('server-1.log'), `${JSON.stringify({ req: { id: call }, took: 9 })}\n`)
    const history = await buildHistory(folder)
    expect(history.calls.find((known) => known.call === call)?.server).toEqual({ instance: '1', durationMs: 9 })
  })

  test('is not counted when the target does not show it', async () => {
    await editManifest({ observed: {} })
    expect((await buildHistory(folder)).manifest).not.toHaveProperty('callsInServerLog')
  })
})

describe('damage is judged up to there, and said', () => {
  test('a file cut in the middle of its last line', async () => {
    const text = await readFile(raw('load.ndjson'), 'utf8')
    await truncate(raw('load.ndjson'), Buffer.byteLength(text) - 20)
    const history = await buildHistory(folder)
    const last = text.trim().split('\n').length
    expect(history.manifest.notes).toEqual([`raw/load.ndjson is cut in the middle of line ${last}: it is judged up to there`])
    expect(history.manifest.raw?.['load.ndjson']).toBe('damaged')
    expect(history.calls).toHaveLength(hardened().sends.length)
    expect(history.agents.filter(({ stopped }) => !stopped)).toHaveLength(1)
  })

  test('a last line without its newline is whole', async () => {
    const text = await readFile(raw('load.ndjson'), 'utf8')
    await truncate(raw('load.ndjson'), Buffer.byteLength(text) - 1)
    expect((await buildHistory(folder)).manifest.notes).toEqual([])
  })

  test('lines that are malformed', async () => {
    await appendFile(raw('samples.ndjson'), 'no json\n{"kind":"sample","atMs":"late","sampler":"x","values":{}}\n')
    const { notes } = (await buildHistory(folder)).manifest
    expect(notes).toHaveLength(2)
    expect(notes[0]).toMatch(/^raw\/samples\.ndjson: line \d+ is left out: it is no JSON$/)
    expect(notes[1]).toMatch(/atMs/)
  })

  test('many malformed lines are counted, not listed', async () => {
    await appendFile(raw('samples.ndjson'), 'no json\n'.repeat(100))
    const { notes } = (await buildHistory(folder)).manifest
    expect(notes).toHaveLength(6)
    expect(notes.at(-1)).toBe('raw/samples.ndjson: 100 lines are left out in all')
  })

  test('a file that is missing', async () => {
    await rm(raw('effects.ndjson'))
    const history = await buildHistory(folder)
    expect(history.effects).toEqual([])
    expect(history.manifest.raw).not.toHaveProperty('effects.ndjson')
  })
})

describe('what cannot be judged says what to do', () => {
  test('a folder that is no run', async () => {
    await expect(buildHistory(os.tmpdir())).rejects.toMatchObject({ code: 'RUN_NOT_FOUND', hint: expect.stringContaining('reports/') })
    await expect(buildHistory(path.join(folder, 'nowhere'))).rejects.toMatchObject({ code: 'RUN_NOT_FOUND' })
  })

  test.each(['manifest.json', 'plan.json'])('an unknown schemaVersion in %s', async (name) => {
    await editManifest({ schemaVersion: 2 }, name)
    await expect(buildHistory(folder)).rejects.toMatchObject({ code: 'HISTORY_VERSION', hint: expect.stringContaining('git pull') })
  })

  test('a manifest that is half written', async () => {
    await writeFile(path.join(folder, 'manifest.json'), '{"schemaVersion": 1,')
    await expect(buildHistory(folder)).rejects.toMatchObject({ code: 'RUN_DAMAGED' })
  })

  test.each(['manifest.json', 'plan.json'])('a %s that is there and cannot be read', async (name) => {
    await rm(path.join(folder, name))
    await mkdir(path.join(folder, name))
    await expect(buildHistory(folder)).rejects.toMatchObject({ code: 'RUN_DAMAGED', message: expect.stringMatching(`${name}.*EISDIR`) })
  })

  test.each(['manifest.json', 'plan.json'])('a %s that is none', async (name) => {
    for (const text of ['null', '"text"']) {
      await writeFile(path.join(folder, name), text)
      await expect(buildHistory(folder)).rejects.toMatchObject({ code: 'RUN_DAMAGED', message: expect.stringContaining(name) })
    }
  })

  test('a plan without agents, and a manifest that lacks something, which is named', async () => {
    await writeFile(path.join(folder, 'plan.json'), '{"schemaVersion":1,"phases":[],"checks":[]}')
    await expect(buildHistory(folder)).rejects.toMatchObject({ code: 'RUN_DAMAGED', message: expect.stringContaining('agents') })
    await editManifest({ target: 7 })
    await expect(buildHistory(folder)).rejects.toMatchObject({
      code: 'RUN_DAMAGED',
      message: expect.stringContaining('target'),
      hint: expect.stringContaining('copy the folder'),
    })
  })
})
