// What the agents met of the server's own streams and requests, all together. Pure.
import type { StopLine, StreamCounts } from './load-line.ts'

/** Nothing when they met none. */
export function streamNotes(stops: readonly StopLine[]): string[] {
  const met = stops.flatMap(({ streams }) => streams ?? [])
  const sum = (of: keyof StreamCounts) => met.reduce((all, counts) => all + counts[of], 0)
  const [opened, refused, asked] = [sum('opened'), sum('refused'), sum('asked')]
  return [
    ...(opened + refused > 0
      ? [`the server's own stream: opened ${opened} times, ended by the server ${sum('ended')} times, not given ${refused} times`]
      : []),
    ...(asked > 0 ? [`the server asked its clients ${asked} times and took ${sum('answered')} of their answers`] : []),
  ]
}
