import { describe, expect, it } from 'vitest'
import { parsePs, parseStat, processes } from './process-group.ts'

describe('process tables', () => {
  it('reads /proc/<pid>/stat, whatever the program calls itself', () => {
    const text =
      '4242 (a) (b c) S 1 4200 4200 0 -1 4194304 100 0 0 0 150 50 0 0 20 0 11 0 999 1000000 2500 184 1 1 0 0 0 0 0 0 0 0 0 0 17 0'
    expect(parseStat(text)).toEqual({ pid: 4_242, state: 'S', group: 4_200, cpuMs: 2_000, rssPages: 2_500 })
  })

  it('reads ps on Linux and on macOS, and leaves zombies out', () => {
    const text =
      '  12   10 Ss   2048 00:01:05\n  13   10 Z       0 00:00:00\n  14   14 S+  4096   0:02.50\n  15   10 R    1024 1-02:00:00\n\n'
    expect(parsePs(text)).toEqual([
      { pid: 12, group: 10, cpuMs: 65_000, rssBytes: 2_097_152 },
      { pid: 14, group: 14, cpuMs: 2_500, rssBytes: 4_194_304 },
      { pid: 15, group: 10, cpuMs: 93_600_000, rssBytes: 1_048_576 },
    ])
  })

  it('sees this very process', async () => {
    const self = (await processes()).find(({ pid }) => pid === process.pid)
    expect(self?.rssBytes).toBeGreaterThan(process.memoryUsage.rss() / 2)
    expect(self?.rssBytes).toBeLessThan(process.memoryUsage.rss() * 2)
  })
})
