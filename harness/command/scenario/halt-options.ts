// `--halt`, `--halt-promql` and `--prometheus`: when a run must stop by itself.
import { type HaltRule, parseHalt } from '../../run/halt.ts'
import type { PromqlHalt } from '../../run/halt-promql.ts'
import { bad } from '../arguments.ts'

interface Given {
  halt?: string[] | undefined
  'halt-promql'?: string | undefined
  prometheus?: string | undefined
}

/** @throws HarnessError `BAD_OPTION` */
export function haltsOf({ halt, 'halt-promql': expression, prometheus: url }: Given): { halts?: HaltRule[]; promql?: PromqlHalt } {
  if ((expression === undefined) !== (url === undefined))
    throw bad(
      `--${url === undefined ? 'halt-promql' : 'prometheus'} is given alone`,
      "--halt-promql 'up == 0' --prometheus http://localhost:9090",
    )
  if (url !== undefined && !/^https?:$/.test(URL.parse(url)?.protocol ?? ''))
    throw bad(`--prometheus is ${JSON.stringify(url)}`, '--prometheus http://localhost:9090')
  return {
    ...(halt && { halts: halt.filter((text) => text !== 'none').map(parseHalt) }),
    ...(expression !== undefined && url !== undefined && { promql: { expression, url } }),
  }
}
