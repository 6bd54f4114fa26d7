// One JSON-RPC message out of a request's body, within bounds: bytes, the pieces they come in, nesting, and one message
// only. An array is refused, since the SDK's legacy leg would run up to 100 calls of one POST past the limiter.
import type http from 'node:http'
import { CallError } from './errors.ts'

/** Of JSON that comes from outside. */
export const DEPTH_MAX = 32
/** Pieces of a megabyte over a slow line are a thousand. In chunks of a byte each they are a million, and each is an object of its own. */
const PIECES_MAX = 4_096

/**
 * @param more told of every piece before it is kept; what it throws refuses the body
 * @throws CallError REQUEST_TOO_LARGE as soon as it is known, PARSE_ERROR when the body ends early
 */
export function readBody(request: http.IncomingMessage, maxBytes: number, more: (bytes: number) => void): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  const chunks: Buffer[] = []
  let size = 0
  const take = (chunk: Buffer): void => {
    size += chunk.length
    try {
      if (size > maxBytes) throw tooLarge(maxBytes)
      if (chunks.length === PIECES_MAX) throw tooLarge(PIECES_MAX, 'pieces')
      more(chunk.length)
      chunks.push(chunk)
    } catch (why) {
      refuse(why)
    }
  }
  const refuse = (why: unknown): void => {
    request.off('data', take)
    chunks.length = 0
    // What still comes is read past, so that the caller can read the answer.
    request.resume()
    reject(why)
  }
  const endEarly = (): void => reject(new CallError('PARSE_ERROR', 'The body ended before it was complete.'))
  request.on('end', () => {
    request.off('close', endEarly)
    resolve(Buffer.concat(chunks).toString('utf8'))
  })
  request.on('error', endEarly)
  request.on('close', endEarly)
  if (Number(request.headers['content-length'] ?? 0) > maxBytes) refuse(tooLarge(maxBytes))
  else request.on('data', take)
  return promise
}

/** The connection ends with it: nobody knows how much would still come. */
function tooLarge(limit: number, unit = 'bytes'): CallError {
  return new CallError('REQUEST_TOO_LARGE', `The request is larger than ${limit} ${unit}.`, { limit, headers: { connection: 'close' } })
}

/** @throws CallError PARSE_ERROR or INVALID_REQUEST */
export function messageIn(text: string): Record<string, unknown> {
  if (depthOf(text) > DEPTH_MAX) throw new CallError('INVALID_REQUEST', `The JSON is nested more than ${DEPTH_MAX} deep.`)
  let message: unknown
  try {
    message = JSON.parse(text)
  } catch (cause) {
    throw new CallError('PARSE_ERROR', 'The body is not JSON.', { cause })
  }
  if (Array.isArray(message)) throw new CallError('INVALID_REQUEST', 'Batches are not served; send one message a request.')
  if (typeof message !== 'object' || message === null) throw new CallError('INVALID_REQUEST', 'The body is not a JSON-RPC message.')
  return message as Record<string, unknown>
}

/** Deepest nesting, counted before parsing, since parsing is what deep nesting makes dear. */
export function depthOf(text: string): number {
  let depth = 0
  let deepest = 0
  let inString = false
  for (let i = 0; i < text.length; i++) {
    const character = text.charCodeAt(i)
    if (inString) {
      if (character === 92) i += 1
      else if (character === 34) inString = false
    } else if (character === 34) inString = true
    else if (character === 123 || character === 91) deepest = Math.max(deepest, ++depth)
    else if (character === 125 || character === 93) depth -= 1
  }
  return deepest
}
