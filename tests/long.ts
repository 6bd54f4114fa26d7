// `npm run test:long -- <part> [rounds]`: what takes longer than CI may. Parts are the files of tests/long/; without one they are listed,
// each with the first sentence of its file. `rounds` is how often, or how many, in the unit that the part itself names.
//
// A part says what it saw; exit 1 when something did not hold. Nobody else should use the cores meanwhile.
import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { pathToFileURL } from 'node:url'

interface Part {
  /** @returns what was seen. @throws when something did not hold */
  run(rounds?: number): Promise<string | string[] | undefined>
}

const FOLDER = path.join(import.meta.dirname, 'long')
const USAGE = 'npm run test:long -- <part> [rounds]'

const parts = readdirSync(FOLDER)
  .filter((name) => name.endsWith('.ts'))
  .map((name) => path.basename(name, '.ts'))
const [part, rounds, ...more] = process.argv.slice(2)

if (part === undefined) {
  process.stdout.write(`${USAGE}\n\n${parts.map((id) => `  ${id.padEnd(20)} ${storyOf(id)}\n`).join('')}`)
} else if (!parts.includes(part) || more.length > 0 || (rounds !== undefined && !/^[1-9]\d*$/.test(rounds))) {
  const flaw = parts.includes(part) ? 'rounds is one whole number from 1' : `there is no part ${JSON.stringify(part)}`
  process.stderr.write(`${flaw}\n  → ${USAGE}, where part is one of ${parts.join(', ')}\n`)
  process.exitCode = 254
} else {
  const { run } = (await import(pathToFileURL(path.join(FOLDER, `${part}.ts`)).href)) as Part
  try {
    const said = (await run(...(rounds === undefined ? [] : [Number(rounds)]))) ?? 'all of it held'
    process.stdout.write(`${[said].flat().join('\n')}\n`)
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n`)
    process.exitCode = 1
  }
}

/** The first sentence of a part's opening comment. */
function storyOf(id: string): string {
  const opening = readFileSync(path.join(FOLDER, `${id}.ts`), 'utf8').split(/\n(?!\/\/)/)[0] ?? ''
  const text = opening.replaceAll(/^\/\/ ?/gm, '').replaceAll('\n', ' ')
  return /^.*?[.:](?= |$)/.exec(text)?.[0].replace(/:$/, '.') ?? text
}
