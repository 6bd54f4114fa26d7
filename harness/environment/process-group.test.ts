import { describe, expect, it } from 'vitest'
import { familyOf, parsePs, parseStat, processes } from './process-group.ts'

describe('process tables', () => {
  it('reads /proc/<pid>/stat, whatever the program calls itself', () => {
    const text =
      '4242 (a) (b c) S 1 4200 4200 0 -1 4194304 100 0 0 0 150 50 0 0 25 5 11 0 999 1000000 2500 184 1 1 0 0 0 0 0 0 0 0 0 0 17 0'
    expect(parseStat(text)).toEqual({ pid: 4_242, state: 'S', parent: 1, group: 4_200, nice: 5, cpuMs: 2_000, rssPages: 2_500 })
  })

  it('reads ps on Linux and on macOS, and leaves zombies out', () => {
    const text =
      '  12    1   10   0 Ss   2048 00:01:05\n  13   12   10   0 Z       0 00:00:00\n  14   12   14 -20 S+  4096   0:02.50\n  15    1   10  19 R    1024 1-02:00:00\n\n'
    expect(parsePs(text)).toEqual([
      { pid: 12, parent: 1, group: 10, nice: 0, cpuMs: 65_000, rssBytes: 2_097_152 },
      { pid: 14, parent: 12, group: 14, nice: -20, cpuMs: 2_500, rssBytes: 4_194_304 },
      { pid: 15, parent: 1, group: 10, nice: 19, cpuMs: 93_600_000, rssBytes: 1_048_576 },
    ])
  })

  it('knows a family by its parents, and by the group of whoever lost his', () => {
    const of = (pid: number, parent: number, group: number) => ({ pid, parent, group, nice: 0, cpuMs: 0, rssBytes: 0 })
    const all = [of(40, 1, 31), of(31, 20, 31), of(20, 10, 10), of(10, 2, 10), of(2, 1, 2), of(50, 2, 50), of(51, 50, 50)]
    expect([...familyOf([20], all)].sort()).toEqual([10, 20, 31, 40])
  })

  it('sees this very process', async () => {
    const self = (await processes()).find(({ pid }) => pid === process.pid)
    expect(self?.rssBytes).toBeGreaterThan(process.memoryUsage.rss() / 2)
    expect(self?.rssBytes).toBeLessThan(process.memoryUsage.rss() * 2)
  })
})
