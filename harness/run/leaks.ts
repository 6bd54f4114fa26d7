// Looks for what no server may write down: the secrets that the plan put into arguments, and the tokens that the agents sent. Looked at are
// the server's whole logs, the bodies in which its spans came, the errors that it told its agents, and every other file of the run's folder.
// A token is named by whose it is, never by itself: what is found goes into raw/leaks.ndjson, which people pass on.
//
// Bounded: 1,000 lines of findings, the rest is counted; files are read line by line. A value counts as a token where its header's name says
// that it is one and it has at least 12 characters. Not modelled: what is logged in base64, hashed or cut; an argument's other values.
import { createReadStream } from 'node:fs'
import { readdir } from 'node:fs/promises'
import path from 'node:path'
import { StringDecoder } from 'node:string_decoder'
import type { LeakLine, SendLine } from '../history/event.ts'
import { textLines } from '../history/lines.ts'
import type { Searched } from '../history/manifest.ts'
import type { Plan } from '../plan/plan.ts'
import { secretsIn } from '../plan/secrets.ts'
import type { RunFolder } from './folder.ts'
import { LineFile } from './line-file.ts'

const FOUND_MAX = 1_000
const TOKEN_MIN_CHARACTERS = 12
const TELLING = /authorization|cookie|token|secret|api-?key|credential/i
/** What tokens are made of (RFC 6750), and what of them may be beside them in a line. */
const TOKEN_LIKE = /[\w.~+/-]{12,}/g
const LINE_MAX = 1_048_576
/** No secret is longer; tokens may be. */
const SECRET_MAX = 8_192
/** What was planted stands in the plan; spans have been looked at as they came, before they were cut. */
const ELSEWHERE = new Set(['plan.json', 'spans.ndjson'])

type Found = Omit<LeakLine, 'kind'>

export class Leaks {
  readonly #planted: ReadonlyMap<string, Place>
  readonly #tokens = new Map<string, string>()
  readonly #found = new Map<string, Found>()
  #more = 0
  #files = 0

  constructor({ agents }: Pick<Plan, 'agents'>) {
    const planted = agents.flatMap(({ agent, tasks }) =>
      tasks.flatMap(({ task, calls }) =>
        calls.flatMap((call) =>
          secretsIn(JSON.stringify(call.arguments)).map((secret) => [secret, { agent, task, turn: call.turn }] as const),
        ),
      ),
    )
    this.#planted = new Map(planted.toReversed())
  }

  /** Headers that an agent sends: the tokens among them are looked for too. */
  know(agent: string, headers: Record<string, string>): void {
    for (const [name, value] of Object.entries(headers)) {
      if (!TELLING.test(name)) continue
      for (const part of value.match(TOKEN_LIKE) ?? [])
        if (part.length >= TOKEN_MIN_CHARACTERS) this.#tokens.set(part, `the ${name} of ${agent}`)
    }
  }

  /** @param where as a finding names it: `spans`, `server-1.log:214` */
  look(text: string, where: string): void {
    for (const secret of secretsIn(text)) if (this.#planted.has(secret)) this.#add({ where, secret })
    if (this.#tokens.size === 0) return
    for (const part of text.match(TOKEN_LIKE) ?? []) {
      const whose = this.#tokens.get(part.replace(/^[./~-]+|[./~-]+$/g, '')) ?? this.#tokens.get(part)
      if (whose !== undefined) this.#add({ where, secret: whose })
    }
  }

  /** @param fromByte where this run's part of the file begins */
  async lookInto(file: string, fromByte = 0): Promise<void> {
    this.#files++
    const name = path.basename(file)
    const decoder = new StringDecoder('utf8')
    let [rest, number] = ['', 1]
    for await (const chunk of createReadStream(file, { start: fromByte })) {
      const lines = (rest + decoder.write(chunk as Buffer)).split('\n')
      rest = lines.pop() ?? ''
      for (const line of lines) this.look(line, `${name}:${number++}`)
      if (rest.length < LINE_MAX) continue
      this.look(rest, `${name}:${number}`)
      rest = rest.slice(-SECRET_MAX)
    }
    this.look(rest, `${name}:${number}`)
  }

  /** Looks into every file of the folder and writes raw/leaks.ndjson. */
  async record({ path: folder, raw }: RunFolder): Promise<Searched> {
    const entries = await readdir(folder, { recursive: true, withFileTypes: true })
    for (const entry of entries)
      if (entry.isFile() && !ELSEWHERE.has(entry.name)) await this.lookInto(path.join(entry.parentPath, entry.name))
    await using file = await LineFile.create<LeakLine>(path.join(raw, 'leaks.ndjson'))
    file.appendAll(await this.#lines(raw))
    await file.flush()
    return { secrets: this.#planted.size, tokens: this.#tokens.size, files: this.#files, found: this.#found.size + this.#more }
  }

  #add(found: Found): void {
    const [place] = found.where.split(':')
    const key = `${place}\n${found.secret}`
    if (this.#found.has(key)) return
    if (this.#found.size < FOUND_MAX) this.#found.set(key, found)
    else this.#more++
  }

  /** With the first call whose arguments held the secret, when it was sent. */
  async #lines(raw: string): Promise<LeakLine[]> {
    const found = [...this.#found.values()]
    const wanted = new Map<string, string>()
    for (const { secret } of found) {
      const of = this.#planted.get(secret)
      if (of) wanted.set(placeOf(of), '')
    }
    const loads = wanted.size === 0 ? [] : (await readdir(raw)).filter((name) => /^load.*\.ndjson$/.test(name))
    for (const name of loads) {
      for await (const { text } of textLines(path.join(raw, name))) {
        const send = text.includes('"send"') ? sendOf(text) : undefined
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

/** A file that was cut ends in half a line. */
function sendOf(text: string): SendLine | undefined {
  try {
    return JSON.parse(text) as SendLine
  } catch {
    return undefined
  }
}
