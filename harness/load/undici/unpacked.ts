// A body out of its packing (RFC 9110, Content-Encoding). Agents do not ask for packing (no Accept-Encoding, as k6), but some servers pack
// unasked. Codings that are not known stay as they are.
// Bound: 64 MB unpacked.
import { brotliDecompressSync, gunzipSync, inflateSync, type ZlibOptions, zstdDecompressSync } from 'node:zlib'

const BYTES_MAX = 64_000_000

const UNPACK: Readonly<Record<string, (body: Buffer, bound: Pick<ZlibOptions, 'maxOutputLength'>) => Buffer>> = {
  gzip: gunzipSync,
  deflate: inflateSync,
  br: brotliDecompressSync,
  zstd: zstdDecompressSync,
}

/**
 * @param codings in the order in which they were applied: `gzip`, `deflate, br`
 * @throws Error of zlib, when it is not what it says
 */
export function unpacked(body: Buffer, codings: string | undefined, maxOutputLength = BYTES_MAX): Buffer {
  if (codings === undefined) return body
  const unpack = (packed: Buffer, coding: string) => UNPACK[coding.trim().toLowerCase()]?.(packed, { maxOutputLength }) ?? packed
  return codings.split(',').reduceRight(unpack, body)
}
