// What can be typed: one row a command, and the general help, which is made of them. Each is imported only when it is asked for.
import type { Program } from './program.ts'

export interface Command {
  /** `<scenario> [options]` */
  takes: string
  says: string
  /** Left out of the help: another name of a command, or one for programs. */
  hidden?: true
  /** Nothing is cleaned up before it. */
  quiet?: true
  load(): Promise<Program>
}

const scenario = async () => (await import('./scenario/scenario.ts')).scenario

export const COMMANDS: Record<string, Command> = {
  demo: {
    takes: '',
    says: 'a weak server is shown to fail, then the hardened one to hold: about a minute',
    load: async () => (await import('./scenario/demo.ts')).demo,
  },
  init: {
    takes: '<url> [options]',
    says: 'asks a server for its tools and writes the target file for it',
    load: async () => (await import('./init/init.ts')).init,
  },
  run: { takes: '<scenario> [options]', says: 'one scenario against a target: load, faults, verdicts, report', load: scenario },
  scenario: { takes: '<scenario> [options]', says: 'the same', hidden: true, load: scenario },
  list: {
    takes: '',
    says: 'scenarios and targets, your own among them',
    load: async () => (await import('./scenario/list.ts')).list,
  },
  judge: {
    takes: '<run folder>',
    says: 'verdicts again, from what was recorded',
    load: async () => (await import('./recorded/judge-report.ts')).judge,
  },
  report: {
    takes: '<run folder>',
    says: 'verdicts and report again',
    load: async () => (await import('./recorded/judge-report.ts')).report,
  },
  explain: {
    takes: '<run folder | scenario>',
    says: 'what failed and how to mend it',
    load: async () => (await import('./recorded/explain.ts')).explain,
  },
  reports: {
    takes: '[options]',
    says: 'all runs on one local page, any two side by side',
    load: async () => (await import('./shelf/reports.ts')).reports,
  },
  compare: {
    takes: '<run> <run>…',
    says: 'better or worse: runs taken in turns, one as it was, one as it is',
    load: async () => (await import('./study/compare.ts')).compare,
  },
  study: {
    takes: '<name> [options]',
    says: 'several runs, one answer: capacity, scale-out, smooth-against-burst, metastable-boundary',
    load: async () => (await import('./study/study.ts')).study,
  },
  merge: {
    takes: '<run folder> <folders> [options]',
    says: 'one run of what several machines recorded',
    load: async () => (await import('./fleet/merge.ts')).merge,
  },
  collect: {
    takes: '<folder> [options]',
    says: 'takes what generators on other machines record, until all have ended',
    load: async () => (await import('./fleet/collect.ts')).collect,
  },
  export: {
    takes: 'kubernetes <scenario> [options]',
    says: 'what k6-operator needs to send a scenario from many machines',
    load: async () => (await import('./fleet/export.ts')).exporting,
  },
  draw: {
    takes: '<scenario> [options]',
    says: 'draws a plan again, in a pod',
    hidden: true,
    quiet: true,
    load: async () => (await import('./fleet/draw.ts')).draw,
  },
  server: {
    takes: '[options]',
    says: 'the reference server alone, until Ctrl-C',
    load: async () => (await import('./server/server.ts')).server,
  },
  completion: {
    takes: 'bash | zsh | fish',
    says: 'prints what your shell needs to complete all this',
    quiet: true,
    load: async () => (await import('./completion.ts')).completion,
  },
  complete: {
    takes: '-- <words>',
    says: 'what the last word may become',
    hidden: true,
    quiet: true,
    load: async () => (await import('./completion.ts')).completing(shownNames(), async (name) => (await COMMANDS[name]?.load())?.help),
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
