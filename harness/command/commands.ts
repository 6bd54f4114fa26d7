// What can be typed: one row a command, and the general help, which is made of them. Each is imported only when it is asked for.

export interface Command {
  /** `<scenario> [options]` */
  takes: string
  says: string
  /** Left out of the help: another name of a command, or one for programs. */
  hidden?: true
  /** Nothing is cleaned up before it. */
  quiet?: true
  /** @returns the exit code; `swept`: what was cleaned up after killed runs */
  run(words: string[], swept: string[]): Promise<number>
}

const scenario = async (words: string[], swept: string[]) => (await import('./scenario/scenario.ts')).scenarioCommand(words, swept)
const folder = async (verb: 'judge' | 'report', words: string[]) => (await import('./recorded/judge-report.ts')).folderCommand(verb, words)

export const COMMANDS: Record<string, Command> = {
  demo: {
    takes: '',
    says: 'a weak server is shown to fail, then the hardened one to hold: about a minute',
    run: async (words, swept) => (await import('./scenario/demo.ts')).demoCommand(words, swept),
  },
  init: {
    takes: '<url> [options]',
    says: 'asks a server for its tools and writes the target file for it',
    run: async (words) => (await import('./init/init.ts')).initCommand(words),
  },
  run: { takes: '<scenario> [options]', says: 'one scenario against a target: load, faults, verdicts, report', run: scenario },
  scenario: { takes: '<scenario> [options]', says: 'the same', hidden: true, run: scenario },
  list: {
    takes: '',
    says: 'scenarios and targets, your own among them',
    run: async (words, swept) => await scenario(['--list', ...words], swept),
  },
  judge: { takes: '<run folder>', says: 'verdicts again, from what was recorded', run: (words) => folder('judge', words) },
  report: { takes: '<run folder>', says: 'verdicts and report again', run: (words) => folder('report', words) },
  explain: {
    takes: '<run folder | scenario>',
    says: 'what failed and how to mend it',
    run: async (words) => (await import('./recorded/explain.ts')).explainCommand(words),
  },
  reports: {
    takes: '[options]',
    says: 'all runs on one local page, any two side by side',
    run: async (words) => (await import('./shelf/reports.ts')).reportsCommand(words),
  },
  compare: {
    takes: '<run> <run>…',
    says: 'better or worse: runs taken in turns, one as it was, one as it is',
    run: async (words) => (await import('./study/compare.ts')).compareCommand(words),
  },
  study: {
    takes: '<name> [options]',
    says: 'several runs, one answer: capacity, scale-out, smooth-against-burst, metastable-boundary',
    run: async (words) => (await import('./study/study.ts')).studyCommand(words),
  },
  merge: {
    takes: '<run folder> <folders> [--into <folder>]',
    says: 'one run of what several machines recorded',
    run: async (words) => (await import('./fleet/merge.ts')).mergeCommand(words),
  },
  collect: {
    takes: '<folder> [options]',
    says: 'takes what generators on other machines record, until all have ended',
    run: async (words) => (await import('./fleet/collect.ts')).collectCommand(words),
  },
  export: {
    takes: 'kubernetes <scenario> [options]',
    says: 'what k6-operator needs to send a scenario from many machines',
    run: async (words) => (await import('./fleet/export.ts')).exportCommand(words),
  },
  draw: {
    takes: '<scenario> [options]',
    says: 'draws a plan again, in a pod',
    hidden: true,
    quiet: true,
    run: async (words) => (await import('./fleet/draw.ts')).drawCommand(words),
  },
  server: {
    takes: '[options]',
    says: 'the reference server alone, until Ctrl-C',
    run: async (words) => (await import('./server/server.ts')).serverCommand(words),
  },
  completion: {
    takes: 'bash | zsh | fish',
    says: 'prints what your shell needs to complete all this',
    quiet: true,
    run: async (words) => (await import('./completion.ts')).completionCommand(words),
  },
  complete: {
    takes: '-- <words>',
    says: 'what the last word may become',
    hidden: true,
    quiet: true,
    run: async (words) => (await import('./completion.ts')).completeCommand(words, shownNames()),
  },
}

/** Those that a person types. */
export function shownNames(): string[] {
  return Object.keys(COMMANDS).filter((name) => !COMMANDS[name]?.hidden)
}

export function helpText(): string {
  const shown = Object.entries(COMMANDS).filter(([, { hidden }]) => !hidden)
  const width = Math.max(...shown.map(([name, { takes }]) => `${name} ${takes}`.length)) + 3
  const lines = shown.map(([name, { takes, says }]) => `  ${`${name} ${takes}`.padEnd(width)}${says}`)
  return `Agent-pattern load and chaos testing for MCP servers: sends the traffic of agents to a server, breaks what it depends on, and judges
from what was recorded whether its defences held.

  npm run <command> -- --help tells each one's options

${lines.join('\n')}

Your own scenarios, personas, faults and targets are found in ./stampede/{scenarios,personas,faults,targets}, or in the folder that
package.json names: "mcp-stampede": { "folder": "tests/stampede" }.

Exit codes: 0 held · 1 did not hold · 2 cannot be known · 254 bad arguments or surroundings · 255 a bug of ours
`
}
