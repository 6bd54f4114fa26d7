// When a bearer token says that it ends: `exp` of a JWT (RFC 7519 §4.1.4), read without being verified. An opaque token says nothing.

/** @param authorization the header's value; @returns wall-clock ms; infinity when it does not say */
export function expiresAtMs(authorization: string): number {
  const payload = /^Bearer\s+[\w-]+\.([\w-]+)\.[\w-]*$/i.exec(authorization.trim())?.[1]
  if (payload === undefined) return Number.POSITIVE_INFINITY
  try {
    const { exp } = JSON.parse(Buffer.from(payload, 'base64url').toString()) as { exp?: unknown }
    return typeof exp === 'number' ? exp * 1_000 : Number.POSITIVE_INFINITY
  } catch {
    return Number.POSITIVE_INFINITY
  }
}
