/** Something the person at the keyboard can put right: `code` is stable and greppable, `hint` says what to type. */
export declare class SetupError extends Error {
  readonly code: string
  readonly hint: string
  constructor(code: string, message: string, hint: string)
}

export interface SetupOptions {
  /** The project's folder; default the one that holds setup.mjs. */
  root?: string
  /** Default the environment of this process. */
  env?: NodeJS.ProcessEnv
  signal?: AbortSignal
}

/** Installs the npm packages when they are missing or stale, and puts Node 24 in front. */
export declare function ensurePackages(options?: SetupOptions): Promise<void>

/**
 * The path of a k6 2: the one `given`, K6_BIN, the one built here, the one on PATH; else it is built or fetched, with progress on stderr.
 * @throws SetupError K6_NOT_FOUND, K6_WRONG_VERSION
 */
export declare function ensureK6(options?: SetupOptions & { given?: string | undefined }): Promise<string>

/**
 * The path of a redis-server: the one on PATH, or the one fetched into .tools/; else it is fetched, with progress on stderr.
 * @throws SetupError REDIS_NOT_FOUND
 */
export declare function ensureRedis(options?: SetupOptions): Promise<string>
