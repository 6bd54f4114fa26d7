import { describe, expect, it } from 'vitest'
import { type Door, ToxicSet } from './toxics.ts'

const view = (toxics: ToxicSet, door: Door = 'main', number = 1) => toxics.view({ door, number }, 'upstream')
const drawn = (toxics: ToxicSet, door: Door) => Array.from({ length: 50 }, () => view(toxics, door).delayMs())

describe('toxics', () => {
  it('add up their delays on top of the link, and go one by one', () => {
    const toxics = new ToxicSet(5)
    expect([view(toxics).delayMs(), view(toxics).shape.longestDelayMs]).toEqual([5, 5])
    const first = toxics.add({ toxic: 'latency', parameters: { delayMs: 100 } })
    toxics.add({ toxic: 'latency', parameters: { delayMs: 10 } })
    expect([view(toxics).delayMs(), view(toxics).shape.longestDelayMs]).toEqual([115, 115])
    toxics.remove(first)
    toxics.remove(first)
    expect([view(toxics).delayMs(), view(toxics).shape.longestDelayMs]).toEqual([15, 15])
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
    const answers = Array.from({ length: 1_000 }, () => view(toxics).answerBytes())
    expect(new Set(answers)).toEqual(new Set([7, Number.POSITIVE_INFINITY]))
    const cut = answers.filter((allowed) => allowed === 7).length
    expect(cut).toBeGreaterThan(200)
    expect(cut).toBeLessThan(300)
  })

  it('take other parameters without a gap, and draw on from where they were', () => {
    const toxics = new ToxicSet(0)
    const id = toxics.add({ toxic: 'latency', parameters: { delayMs: 100 } })
    toxics.change(id, { delayMs: 300 })
    expect([view(toxics).delayMs(), view(toxics).shape.longestDelayMs]).toEqual([300, 300])
    toxics.remove(id)
    toxics.change(id, { delayMs: 300 })
    expect(view(toxics).shape.calm).toBe(true)
  })

  it('are calm only without any of them, and without a delay of the link', () => {
    expect(view(new ToxicSet(1)).shape.calm).toBe(false)
    const toxics = new ToxicSet(0)
    const id = toxics.add({ toxic: 'slowClose', parameters: { delayMs: 1 } })
    expect(view(toxics).shape.calm).toBe(false)
    toxics.remove(id)
    expect(view(toxics).shape.calm).toBe(true)
  })

  it('take the tighter limit where two meet', () => {
    const toxics = new ToxicSet(0)
    toxics.add({ toxic: 'bandwidth', parameters: { bytesPerSecond: 100 } })
    toxics.add({ toxic: 'bandwidth', parameters: { bytesPerSecond: 1_000 } })
    toxics.add({ toxic: 'timeout', parameters: { closeAfterMs: 0 } })
    toxics.add({ toxic: 'timeout', parameters: { closeAfterMs: 50 } })
    expect(view(toxics).shape).toMatchObject({ bytesPerSecond: 100, silent: true, closeAfterMs: 50 })
  })

  it('are down while one of them says so', () => {
    const toxics = new ToxicSet(0)
    const id = toxics.add({ toxic: 'down', parameters: {} })
    expect(view(toxics).shape.down).toBe(true)
    toxics.remove(id)
    expect(view(toxics).shape.down).toBe(false)
  })

  it('are for a share of the connections, the same ones each time, and others at the other door', () => {
    const slow = (door: Door) => {
      const toxics = new ToxicSet(0)
      toxics.add({ toxic: 'latency', parameters: { delayMs: 100, toxicity: 0.25, seed: 5 } })
      return Array.from({ length: 1_000 }, (_, i) => view(toxics, door, i + 1).delayMs() > 0)
    }
    const hit = slow('main').filter(Boolean).length
    expect(hit).toBeGreaterThan(200)
    expect(hit).toBeLessThan(300)
    expect(slow('main')).toEqual(slow('main'))
    expect(slow('canary')).not.toEqual(slow('main'))
  })

  it('leave a connection calm that they are not for, and one that they are for both ways hit, with other parameters too', () => {
    const toxics = new ToxicSet(0)
    const id = toxics.add({ toxic: 'latency', parameters: { delayMs: 100, toxicity: 0.5, seed: 5 } })
    const numbers = Array.from({ length: 20 }, (_, i) => i + 1)
    const isHit = (number: number) => toxics.hits(id, { door: 'main', number })
    const before = numbers.filter(isHit)
    for (const number of numbers) {
      for (const stream of ['upstream', 'downstream'] as const)
        expect(toxics.view({ door: 'main', number }, stream).shape.calm).toBe(!before.includes(number))
    }
    toxics.change(id, { delayMs: 200, toxicity: 0.5, seed: 5 })
    expect(numbers.filter(isHit)).toEqual(before)
    toxics.remove(id)
    expect(numbers.filter(isHit)).toEqual([])
  })

  it('act one way where they are told to, beside others that act both ways', () => {
    const toxics = new ToxicSet(1)
    toxics.add({ toxic: 'latency', parameters: { delayMs: 100, stream: 'downstream' } })
    toxics.add({ toxic: 'latency', parameters: { delayMs: 10 } })
    const delays = (['upstream', 'downstream'] as const).map((stream) => toxics.view({ door: 'main', number: 1 }, stream).delayMs())
    expect(delays).toEqual([11, 111])
  })
})
