// What a chart is written against: one picture a file, found by its folder. Most are drawn on the time axis that all share.
// A chart says what it shows and returns a Vega-Lite spec of a bounded size: at most `most` moments however long the run
// was. It has no clock, no width and no theme: svg.ts draws each spec once for wide and once for narrow screens, and
// colours are the page's own variables (`var(--good)`), so that one drawing serves light and dark.
import type { TopLevelSpec } from 'vega-lite'
import type { History } from '../../history/history.ts'

/** A Vega-Lite spec without width, padding and fonts, which svg.ts adds. */
export type Spec = TopLevelSpec

/** Where on the page: on the time axis, or in the section of that name. */
export type Place = 'timeline' | 'recovery' | 'agents' | 'waits'

export interface Chart {
  kind: 'chart'
  /** A noun phrase with its unit: "Calls per second". */
  title: string
  /** What each line means, and what to look for. */
  caption: string
  place: Place
  /** Smallest first, from the top of its place. */
  order: number
  /** What the target must offer; without it the page says which line to add. Keys of `Manifest.offers`. */
  needs: readonly string[]
  /** Undefined when this run has nothing of it: the chart is left out. */
  draw(history: History): Spec | undefined
}

/** On the time axis unless it says otherwise. */
export function chart(definition: Omit<Chart, 'kind' | 'place'> & { place?: Place }): Chart {
  return { kind: 'chart', place: 'timeline', ...definition }
}
