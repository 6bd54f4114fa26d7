// What stands in a line that may be cut or no JSON at all.

/** @returns undefined for what is no JSON */
export function parsed<T = unknown>(text: string): T | undefined {
  try {
    return JSON.parse(text) as T
  } catch {
    return undefined
  }
}
