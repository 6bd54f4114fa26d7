// The statements that lie beside this file, each read once, when the server is loaded.
import { readFileSync } from 'node:fs'

/** @param file `key-find.sql` */
export function sql(file: string): string {
  return readFileSync(new URL(file, import.meta.url), 'utf8')
}
