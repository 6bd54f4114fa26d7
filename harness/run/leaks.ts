// Looks for what no server may write down: the secrets that the plan put into arguments, and the tokens that the agents sent. Looked at are
// the server's whole logs, the bodies in which its spans came, its metrics, the errors that it told its agents, and every other file of the
// run's folder. A token is named by whose it is, never by itself: what is found goes into raw/leaks.ndjson, which people pass on.
//
// Bounded: 1,000 findings, the rest is counted; files are read in pieces. A value counts as a token where its header's name says
// that it is one and it has at least 12 characters. Not modelled: what is logged in base64, hashed or cut; an argument's other values.
import { createReadStream } from 'node:fs'
import { readdir } from 'node:fs/promises'
import path from 'node:path'
import { StringDecoder } from 'node:string_decoder'
import { textLines } from '../history/chunks.ts'
import { parsed } from '../history/json.ts'
import type { SendLine } from '../history/load-line.ts'
import type { Searched } from '../history/manifest.ts'
import type { LeakLine } from '../history/raw-line.ts'
import type { Plan } from '../plan/plan.ts'
import { secretsIn } from '../plan/secrets.ts'
import type { RunFolder } from './folder.ts'
import { LineFile } from './line-file.ts'

const FOUND_MAX = 1_000
const BEGINNING_CHARACTERS = 4
const TELLING = /authorization|cookie|token|secret|api-?key|credential/i
/** What tokens are made of (RFC 6750). */
const TOKEN_LIKE = /[\w.~+/-]{12,}/g
/** No secret is longer; tokens may be. */
const SECRET_MAX = 8_192
/** What was planted stands in the plan; spans have been looked at as they came, before they were cut. */
const ELSEWHERE = new Set(['plan.json', 'spans.ndjson'])

/** The generators' own: what was sent, without arguments, and what came back. */
const LOAD = /^load.*\.ndjson$/

type Found = Omit<LeakLine, 'kind'>

export class Leaks {
  readonly #planted: ReadonlyMap<string, Place>
  /** By their beginnings, of which there are few: whose each token is. */
  readonly #tokens = new Map<string, Map<string, string>>()
  readonly #found: Found[] = []
  /** Each secret once a place: a log may have it a thousand times. */
  readonly #seen = new Set<string>()
  #files = 0

  constructor({ agents }: Pick<Plan, 'agents'>) {
    const planted = agents.flatMap(({ agent, tasks }) =>
      tasks.flatMap(({ task, calls }) =>
        calls.flatMap((call) =>
          secretsIn(JSON.stringify(call.arguments)).map(({ secret }) => [secret, { agent, task, turn: call.turn }] as const),
        ),
      ),
    )
    this.#planted = new Map(planted.toReversed())
  }

  /** Headers that an agent sends: the tokens among them are looked for too. */
  know(agent: string, headers: Record<string, string>): void {
    for (const [name, value] of Object.entries(headers)) {
      if (!TELLING.test(name)) continue
      for (const part of value.match(TOKEN_LIKE) ?? []) {
        const beginning = part.slice(0, BEGINNING_CHARACTERS)
        const alike = this.#tokens.get(beginning) ?? new Map<string, string>()
        this.#tokens.set(beginning, alike.set(part, `the ${name} of ${agent}`))
      }
    }
  }

  /** @param where as a finding names it: `spans` */
  look(text: string, where: string): void {
    this.#search(text, where, () => where)
  }

  /** @param fromByte where this run's part of the file begins */
  async lookInto(file: string, fromByte = 0): Promise<void> {
    this.#files++
    const name = path.basename(file)
    const decoder = new StringDecoder('utf8')
    // What stands on the edge of two pieces is in the second: it begins with the end of the first.
    let [before, line] = ['', 1]
    for await (const chunk of createReadStream(file, { start: fromByte })) {
      const text = before + decoder.write(chunk as Buffer)
      const from = line
      this.#search(text, name, (at) => `${name}:${from + lineEnds(text, at)}`)
      const kept = Math.max(0, text.length - SECRET_MAX)
      line += lineEnds(text, kept)
      before = text.slice(kept)
    }
  }

  /** Looks into every file of the folder and writes raw/leaks.ndjson. */
  async record({ path: folder, raw }: RunFolder): Promise<Searched> {
    const entries = await readdir(folder, { recursive: true, withFileTypes: true })
    for (const entry of entries) {
      if (!entry.isFile() || ELSEWHERE.has(entry.name)) continue
      const file = path.join(entry.parentPath, entry.name)
      await (LOAD.test(entry.name) ? this.#lookIntoAnswers(file) : this.lookInto(file))
    }
    await using file = await LineFile.create<LeakLine>(path.join(raw, 'leaks.ndjson'))
    file.appendAll(await this.#lines(raw))
    await file.flush()
    return {
      secrets: this.#planted.size,
      tokens: [...this.#tokens.values()].reduce((sum, alike) => sum + alike.size, 0),
      files: this.#files,
      found: this.#seen.size,
    }
  }

  /** What agents were told: of a fine result some words are kept, and those may well be what the tool was asked to write. */
  async #lookIntoAnswers(file: string): Promise<void> {
    this.#files++
    const name = path.basename(file)
    for await (const { text, number } of textLines(file)) {
      const where = () => `${name}:${number}`
      if (!text.includes('"isError":false')) this.#searchPlanted(text, name, where)
      this.#searchTokens(text, name, where)
    }
  }

  #search(text: string, place: string, where: (at: number) => string): void {
    this.#searchPlanted(text, place, where)
    this.#searchTokens(text, place, where)
  }

  #searchPlanted(text: string, place: string, where: (at: number) => string): void {
    for (const { secret, at } of secretsIn(text)) if (this.#planted.has(secret)) this.#add(secret, place, () => where(at))
  }

  #searchTokens(text: string, place: string, where: (at: number) => string): void {
    for (const [beginning, tokens] of this.#tokens) {
      for (let at = text.indexOf(beginning); at >= 0; at = text.indexOf(beginning, at + 1))
        for (const [token, whose] of tokens) if (text.startsWith(token, at)) this.#add(whose, place, () => where(at))
    }
  }

  #add(secret: string, place: string, where: () => string): void {
    const key = `${place}\n${secret}`
    if (this.#seen.has(key)) return
    this.#seen.add(key)
    if (this.#found.length < FOUND_MAX) this.#found.push({ where: where(), secret })
  }

  /** With the first call whose arguments held the secret, when it was sent. */
  async #lines(raw: string): Promise<LeakLine[]> {
    const found = this.#found
    const wanted = new Map<string, string>()
    for (const { secret } of found) {
      const of = this.#planted.get(secret)
      if (of) wanted.set(placeOf(of), '')
    }
    const loads = wanted.size === 0 ? [] : (await readdir(raw)).filter((name) => LOAD.test(name))
    for (const name of loads) {
      for await (const { text } of textLines(path.join(raw, name))) {
        const send = text.includes('"send"') ? parsed<SendLine>(text) : undefined
        if (send && wanted.get(placeOf(send)) === '') wanted.set(placeOf(send), send.call)
      }
    }
    return found.map(({ where, secret }): LeakLine => {
      const of = this.#planted.get(secret)
      const call = of && wanted.get(placeOf(of))
      return { kind: 'leak', where, secret, ...(call && { call }) }
    })
  }
}

interface Place {
  agent: string
  task: string
  turn: number
}

function placeOf({ agent, task, turn }: Place): string {
  return `${agent}\n${task}\n${turn}`
}

/** Before this place. */
function lineEnds(text: string, until: number): number {
  let count = 0
  for (let at = text.indexOf('\n'); at >= 0 && at < until; at = text.indexOf('\n', at + 1)) count++
  return count
}
