import { describe, expect, it } from 'vitest'
import { ToxicSet } from './toxics.ts'

const drawn = (toxics: ToxicSet, door: 'main' | 'canary') => Array.from({ length: 50 }, () => toxics.delayMs(door))

describe('toxics', () => {
  it('add up their delays on top of the link, and go one by one', () => {
    const toxics = new ToxicSet(5)
    expect([toxics.delayMs('main'), toxics.shape.longestDelayMs]).toEqual([5, 5])
    const first = toxics.add({ toxic: 'latency', parameters: { delayMs: 100 } })
    toxics.add({ toxic: 'latency', parameters: { delayMs: 10 } })
    expect([toxics.delayMs('main'), toxics.shape.longestDelayMs]).toEqual([115, 115])
    toxics.remove(first)
    toxics.remove(first)
    expect([toxics.delayMs('main'), toxics.shape.longestDelayMs]).toEqual([15, 15])
  })

  it('draw the same jitter from the same seed, whether or not canaries draw as well', () => {
    const jittery = () => {
      const toxics = new ToxicSet(0)
      toxics.add({ toxic: 'latency', parameters: { delayMs: 100, jitterMs: 30, seed: 11 } })
      return toxics
    }
    const disturbed = jittery()
    drawn(disturbed, 'canary')
    const delays = drawn(disturbed, 'main')
    expect(delays).toEqual(drawn(jittery(), 'main'))
    expect(Math.min(...delays)).toBeGreaterThanOrEqual(70)
    expect(Math.max(...delays)).toBeLessThanOrEqual(130)
    expect(new Set(delays).size).toBeGreaterThan(40)
  })

  it('cut the share of answers that they were asked to', () => {
    const toxics = new ToxicSet(0)
    toxics.add({ toxic: 'cut', parameters: { afterBytes: 7, share: 0.25, seed: 5 } })
    const answers = Array.from({ length: 1_000 }, () => toxics.answerBytes('main'))
    expect(new Set(answers)).toEqual(new Set([7, Number.POSITIVE_INFINITY]))
    const cut = answers.filter((allowed) => allowed === 7).length
    expect(cut).toBeGreaterThan(200)
    expect(cut).toBeLessThan(300)
  })

  it('take other parameters without a gap, and draw on from where they were', () => {
    const toxics = new ToxicSet(0)
    const id = toxics.add({ toxic: 'latency', parameters: { delayMs: 100 } })
    toxics.change(id, { delayMs: 300 })
    expect([toxics.delayMs('main'), toxics.shape.longestDelayMs]).toEqual([300, 300])
    toxics.remove(id)
    toxics.change(id, { delayMs: 300 })
    expect(toxics.shape.calm).toBe(true)
  })

  it('are calm only without any of them, and without a delay of the link', () => {
    expect(new ToxicSet(1).shape.calm).toBe(false)
    const toxics = new ToxicSet(0)
    const id = toxics.add({ toxic: 'slowClose', parameters: { delayMs: 1 } })
    expect(toxics.shape.calm).toBe(false)
    toxics.remove(id)
    expect(toxics.shape.calm).toBe(true)
  })

  it('take the tighter limit where two meet', () => {
    const toxics = new ToxicSet(0)
    toxics.add({ toxic: 'bandwidth', parameters: { bytesPerSecond: 100 } })
    toxics.add({ toxic: 'bandwidth', parameters: { bytesPerSecond: 1_000 } })
    toxics.add({ toxic: 'timeout', parameters: { closeAfterMs: 0 } })
    toxics.add({ toxic: 'timeout', parameters: { closeAfterMs: 50 } })
    expect(toxics.shape).toMatchObject({ bytesPerSecond: 100, silent: true, closeAfterMs: 50 })
  })

  it('are down while one of them says so', () => {
    const toxics = new ToxicSet(0)
    const id = toxics.add({ toxic: 'down', parameters: {} })
    expect(toxics.shape.down).toBe(true)
    toxics.remove(id)
    expect(toxics.shape.down).toBe(false)
  })
})
