// A session of the 2025 eras as one client holds it: opened before the first call that needs it, by `initialize` and
// `notifications/initialized`, its id kept; calls that come meanwhile wait for the same handshake. A session that the server
// no longer knows (404) is dropped, and the next call opens another. It is never closed: 92 % of real ones are not. In the
// stateless era there is none to open: a client that has just been started looks around instead. Pure; runs inside k6.
// Source: MCP 2025-11-25, lifecycle and session management; prowler#12235 (sessions never closed).
import { isStateless, type Protocol } from './request.ts'
import type { SentAnswer, ShakenAnswer } from './task-client.ts'

/** One message of a handshake; resolves to its answer. */
export type Shake = (method: string, session: string | undefined) => Promise<ShakenAnswer>

/** Holds the server's own stream open in the session of this id. @returns closes it; undefined: this agent does not listen */
export type Listen = (session: string | undefined) => (() => void) | undefined

export class Session {
  readonly #stateless: boolean
  readonly #listen: Listen | undefined
  #hangUp: (() => void) | undefined
  #id: string | undefined
  #opening: Promise<SentAnswer> | undefined
  #open = false

  constructor(protocol: Protocol, listen?: Listen) {
    this.#listen = listen
    this.#stateless = isStateless(protocol)
    this.#open = this.#stateless
  }

  /** Undefined when the server gave none. */
  get id(): string | undefined {
    return this.#id
  }

  get isOpen(): boolean {
    return this.#open
  }

  /** Opens it, once for all who ask meanwhile; resolves to the handshake's last answer, or to the first that was not ok. */
  open(shake: Shake): Promise<SentAnswer> {
    this.#opening ??= this.#shakeHands(shake).finally(() => {
      this.#opening = undefined
    })
    return this.#opening
  }

  /** What a client does that has just been started: it opens its session and asks what there is. */
  async begin(shake: Shake): Promise<SentAnswer> {
    const opened = this.#stateless ? await shake('server/discover', undefined) : await this.open(shake)
    return opened.ok ? await shake('tools/list', this.#id) : opened
  }

  /** The server does not know it any more. @param id of the call that was told so: a newer session stays */
  lost(id: string | undefined): void {
    if (this.#stateless || id === undefined || id !== this.#id) return
    this.#open = false
    this.#id = undefined
    this.leave()
  }

  /** Its client is gone, and so is the stream that it held; to the server the session stays. */
  leave(): void {
    this.#hangUp?.()
    this.#hangUp = undefined
  }

  async #shakeHands(shake: Shake): Promise<SentAnswer> {
    const first = await shake('initialize', undefined)
    if (!first.ok) return first
    const told = await shake('notifications/initialized', first.session)
    if (!told.ok) return told
    this.#id = first.session
    this.#open = true
    this.#hangUp = this.#listen?.(this.#id)
    return told
  }
}
