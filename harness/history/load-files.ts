// The generators' lines: raw/load.ndjson of one, raw/load-1.ndjson and so on of several that shared the plan. Each began its timeline by
// its own start line, some milliseconds apart; the times of all are told on the clock of the first.
import type { LoadLine } from './event.ts'

/** One generator's file. */
export interface LoadFile {
  name: string
  lines: LoadLine[]
}

/** Names of the files that so many generators write. */
export function loadFileNames(generators: number): string[] {
  return generators === 1 ? ['load.ndjson'] : Array.from({ length: generators }, (_, n) => `load-${n + 1}.ndjson`)
}

/** @returns the lines of all, and what is odd in sentences */
export function joinLoads(files: readonly LoadFile[]): { lines: LoadLine[]; notes: string[] } {
  const starts = files.map(({ lines }) => lines.find((line) => line.kind === 'start')?.atMs)
  const t0Ms = Math.min(...starts.filter((atMs) => atMs !== undefined))
  const lines: LoadLine[] = Number.isFinite(t0Ms) ? [{ kind: 'start', atMs: t0Ms }] : []
  for (const [position, file] of files.entries()) {
    const laterMs = (starts[position] ?? t0Ms) - t0Ms
    for (const line of file.lines) if (line.kind !== 'start') lines.push(laterMs > 0 ? moved(line, laterMs) : line)
  }
  const silent = files.filter((_, position) => starts[position] === undefined)
  return { lines, notes: silent.map(({ name }) => `raw/${name} has no start line: the generator never began its timeline`) }
}

function moved<L extends LoadLine>(line: L, byMs: number): L {
  if (line.kind === 'send') return { ...line, plannedAtMs: line.plannedAtMs + byMs, sentAtMs: line.sentAtMs + byMs }
  if (line.kind === 'end') return { ...line, endedAtMs: line.endedAtMs + byMs }
  return line.kind === 'stop' ? { ...line, atMs: line.atMs + byMs } : line
}
