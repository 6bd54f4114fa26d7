// What both servers of benchmarks/server.ts answer over their channel: CPU used so far, memory after a collection of garbage.
export interface Figures {
  /** Ms of CPU, user and system. */
  cpuMs: number
  heapBytes: number
  rssBytes: number
}

export function answerFigures(port: number): void {
  process.on('message', (wanted: 'cpu' | 'memory') => {
    if (wanted === 'memory') globalThis.gc?.()
    const { user, system } = process.cpuUsage()
    const { heapUsed: heapBytes, rss: rssBytes } = process.memoryUsage()
    process.send?.({ cpuMs: (user + system) / 1_000, heapBytes, rssBytes } satisfies Figures)
  })
  process.once('disconnect', () => process.exit(0))
  process.send?.({ port })
}
