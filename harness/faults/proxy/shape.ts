// What the toxics in force for a connection come to, worked out once when they change: a chunk then only looks at numbers. Where
// two of one kind meet, delays add up and the tighter limit wins.
import type { AddedToxic } from './toxics.ts'

export interface Shape {
  /** No toxic, no delay of the link's own: bytes go straight through. */
  calm: boolean
  /** A chunk's delay must be drawn. */
  late: boolean
  /** The most that a chunk may wait, ms. */
  longestDelayMs: number
  /** An answer's length must be drawn. */
  cuts: boolean
  down: boolean
  /** Nothing passes. */
  silent: boolean
  /** Connections are closed so long after the silence has begun; Infinity: never. */
  closeAfterMs: number
  bytesPerSecond: number
  slowCloseMs: number
  connectDelayMs: number
  /** Towards the client, a connection. */
  limitBytes: number
  /** Pieces in which data goes on, and the pause between them. */
  pieceBytes: number
  pieceDelayMs: number
}

export function shapeOf(inForce: readonly AddedToxic[], baseDelayMs: number): Shape {
  const shape: Shape = {
    calm: baseDelayMs === 0 && inForce.length === 0,
    late: false,
    longestDelayMs: baseDelayMs,
    cuts: false,
    down: false,
    silent: false,
    closeAfterMs: Number.POSITIVE_INFINITY,
    bytesPerSecond: Number.POSITIVE_INFINITY,
    slowCloseMs: 0,
    connectDelayMs: 0,
    limitBytes: Number.POSITIVE_INFINITY,
    pieceBytes: Number.POSITIVE_INFINITY,
    pieceDelayMs: 0,
  }
  for (const added of inForce) fold(shape, added)
  return shape
}

function fold(shape: Shape, { toxic, parameters }: AddedToxic): void {
  switch (toxic) {
    case 'latency':
      shape.late = true
      shape.longestDelayMs += parameters.delayMs + (parameters.jitterMs ?? 0)
      break
    case 'cut':
      shape.cuts = true
      break
    case 'down':
      shape.down = true
      break
    case 'timeout':
      shape.silent = true
      if (parameters.closeAfterMs > 0) shape.closeAfterMs = Math.min(shape.closeAfterMs, parameters.closeAfterMs)
      break
    case 'bandwidth':
      shape.bytesPerSecond = Math.min(shape.bytesPerSecond, parameters.bytesPerSecond)
      break
    case 'slowClose':
      shape.slowCloseMs += parameters.delayMs
      break
    case 'connectDelay':
      shape.connectDelayMs += parameters.delayMs
      break
    case 'limitData':
      shape.limitBytes = Math.min(shape.limitBytes, parameters.bytes)
      break
    case 'slicer':
      shape.pieceBytes = Math.min(shape.pieceBytes, parameters.sizeBytes)
      shape.pieceDelayMs += parameters.delayMs
      break
  }
}
