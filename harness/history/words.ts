// What an answer says in words. Pure.
import type { Evidence } from './load-line.ts'

/** Its message, and what it carries as JSON. */
export function wordsOf({ message = '', data }: Evidence): string {
  return data ? `${message}\n${JSON.stringify(data)}` : message
}
