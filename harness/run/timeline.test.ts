import { expect, test } from 'vitest'
import { Units } from '../discover.ts'
import type { Environment } from '../environment/service.ts'
import { HarnessError } from '../errors.ts'
import { type FaultDefinition, fault } from '../faults/fault.ts'
import type { FaultLine } from '../history/raw-line.ts'
import { runTimeline } from './timeline.ts'

const environment: Environment = { links: {}, servers: [], url: 'http://127.0.0.1:1/mcp' }

/** A switch that is broken and healed, with canaries that look at it. */
function toggle({ feltAfter = 1, inject = true, sticks = false } = {}) {
  const state = { broken: false, looks: 0 }
  const switchOff = fault({
    summary: 'a switch',
    source: 'this test',
    dependency: 'switch',
    needs: [],
    faithful: 'a switch',
    parameters: {},
    inject: async () => {
      if (!inject) throw new Error('no such switch')
      state.broken = true
      return {
        felt: async () => ({ seen: ++state.looks >= feltAfter && state.broken, detail: `look ${state.looks}` }),
        healed: async () => ({ seen: !state.broken, detail: 'healed' }),
        [Symbol.asyncDispose]: async () => {
          if (sticks) throw new Error('it sticks')
          state.broken = false
        },
      }
    },
  })
  const definition = switchOff.definition as unknown as FaultDefinition
  return { state, units: new Units('fault', [{ id: 'toggle', path: 'toggle.ts', exportName: 'toggle', value: definition }]) }
}

const unitOf = ({ units }: ReturnType<typeof toggle>, id: string) => ({ ...units.get('toggle'), id })

async function play({ units }: ReturnType<typeof toggle>, healAtMs: number, signal = new AbortController().signal): Promise<FaultLine[]> {
  const lines: FaultLine[] = []
  await runTimeline({
    faults: [{ window: 'w', fault: 'toggle', parameters: {}, injectAtMs: 0, healAtMs }],
    units,
    environment,
    t0Ms: Date.now(),
    record: (line) => lines.push(line),
    signal,
  })
  return lines
}

test('a fault is injected, felt, healed and seen to be healed, in this order', async () => {
  const lines = await play(toggle({ feltAfter: 2 }), 300)
  expect(lines.map(({ event }) => event)).toEqual(['injecting', 'injected', 'felt', 'healing', 'healed'])
  expect(lines[2]).toMatchObject({ window: 'w', fault: 'toggle', dependency: 'switch', detail: 'look 2' })
})

test('a fault that no canary sees is not felt, and is healed all the same', async () => {
  const fixture = toggle({ feltAfter: Number.POSITIVE_INFINITY })
  const lines = await play(fixture, 50)
  expect(lines.map(({ event }) => event)).toEqual(['injecting', 'injected', 'not-felt', 'healing', 'healed'])
  expect(fixture.state.broken).toBe(false)
})

test('a fault that cannot be injected is not felt, and says why', async () => {
  const lines = await play(toggle({ inject: false }), 50)
  expect(lines.map(({ event }) => event)).toEqual(['injecting', 'not-felt'])
  expect(lines[1]?.detail).toContain('no such switch')
})

test('an abort in the middle heals at once', async () => {
  const fixture = toggle()
  const abort = new AbortController()
  const lines: FaultLine[] = []
  const played = runTimeline({
    faults: [{ window: 'w', fault: 'toggle', parameters: {}, injectAtMs: 0, healAtMs: 60_000 }],
    units: fixture.units,
    environment,
    t0Ms: Date.now(),
    record: (line) => {
      lines.push(line)
      if (line.event === 'felt') abort.abort()
    },
    signal: abort.signal,
  })
  await played
  expect(fixture.state.broken).toBe(false)
  expect(lines.at(-1)?.event).toBe('healed')
})

test('when one cannot be healed, the others are healed at once, before it is said', async () => {
  const [stuck, other] = [toggle({ sticks: true }), toggle()]
  const running = runTimeline({
    faults: [
      { window: 'w', fault: 'stuck', parameters: {}, injectAtMs: 0, healAtMs: 50 },
      { window: 'w', fault: 'other', parameters: {}, injectAtMs: 0, healAtMs: 600_000 },
    ],
    units: new Units('fault', [unitOf(stuck, 'stuck'), unitOf(other, 'other')]),
    environment,
    t0Ms: Date.now(),
    record: () => {},
    signal: new AbortController().signal,
  })
  await expect(running).rejects.toThrow('it sticks')
  expect(other.state).toMatchObject({ broken: false, looks: 1 })
})

test('one that was half injected and could not be healed ends the run', async () => {
  const fixture = toggle()
  const half = () => Promise.reject(new HarnessError('HEAL_FAILED', 'half of it is in force', 'look there'))
  const unit = fixture.units.get('toggle')
  const units = new Units('fault', [{ ...unit, value: { ...unit.value, inject: half } }])
  await expect(play({ ...fixture, units }, 50)).rejects.toMatchObject({ code: 'HEAL_FAILED' })
})
