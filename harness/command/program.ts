/** A command, once it is asked for. */
export interface Program {
  /** What it does, the line to type, every option, an example. */
  help: string
  /** @param swept what was cleaned up after killed runs. @returns the exit code */
  run(words: string[], swept: string[]): number | Promise<number>
}
