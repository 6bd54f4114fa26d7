// `mcp-stampede completion bash|zsh|fish` prints what a shell needs; the shell then asks `mcp-stampede complete -- <words>` at each tab.
// Names of units are read from their folders, options from a command's own help; nothing else is imported: a tab must not wait.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { isUnitFile, unitIdOf } from '../discover.ts'
import { bad } from './arguments.ts'
import type { Program } from './program.ts'
import { type OwnKind, ownFolders } from './project.ts'
import { ROOT } from './units.ts'

const ASK = 'mcp-stampede complete --'

const SCRIPTS: Record<string, string> = {
  bash: `_mcp_stampede() {
  local IFS=$'\\n'
  COMPREPLY=($(compgen -W "$(${ASK} "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)" -- "\${COMP_WORDS[COMP_CWORD]}"))
}
complete -o default -F _mcp_stampede mcp-stampede
`,
  zsh: `#compdef mcp-stampede
(( $+functions[compdef] )) || { autoload -Uz compinit && compinit; }
_mcp_stampede() {
  local -a found
  found=(\${(f)"$(${ASK} "\${(@)words[2,$CURRENT]}" 2>/dev/null)"})
  if (( $#found )); then compadd -a found; else _files; fi
}
compdef _mcp_stampede mcp-stampede
`,
  fish: `function __mcp_stampede
  set -l found (${ASK} (commandline -opc)[2..-1] (commandline -ct) 2>/dev/null)
  if set -q found[1]
    printf '%s\\n' $found
  else
    __fish_complete_path (commandline -ct)
  end
end
complete -c mcp-stampede -f -a '(__mcp_stampede)'
`,
}

const HOW = `bash: echo 'source <(mcp-stampede completion bash)' >> ~/.bashrc
  zsh:  echo 'source <(mcp-stampede completion zsh)' >> ~/.zshrc
  fish: mcp-stampede completion fish > ~/.config/fish/completions/mcp-stampede.fish`

const HELP = `Prints what your shell needs to complete commands, options, scenarios and targets.

  mcp-stampede completion bash | zsh | fish

It takes no options. Your shell asks the mcp-stampede on PATH: npm install --global, or node_modules/.bin in it; it knows nothing of npx.
Examples:
  ${HOW}
`

export const completion: Program = { help: HELP, run: completionCommand }

/** @throws HarnessError `BAD_OPTION` */
function completionCommand([shell, ...more]: string[]): number {
  const script = SCRIPTS[shell ?? '']
  if (script === undefined || more.length > 0) throw bad('completion takes one shell: bash, zsh or fish', HOW)
  process.stdout.write(script)
  return 0
}

const COMPLETE_HELP = `What the last of the words may become, one a line: what a shell asks at each tab. It is for programs.

  mcp-stampede complete -- <words>

It takes no options.
Example: mcp-stampede complete -- run runaway-loop --sc
`

/**
 * @param commands what the first word may be
 * @param helpOf a command's help; nothing where there is no such command
 */
export function completing(commands: readonly string[], helpOf: (command: string) => Promise<string | undefined>): Program {
  return {
    help: COMPLETE_HELP,
    // Behind `--`: all that was typed behind the program's name, the last word perhaps unfinished or empty.
    run: async (words) => {
      // A run's own file imports all that a run needs.
      const quick = async (command: string) =>
        ['run', 'scenario'].includes(command) ? (await import('./scenario/options.ts')).SCENARIO_HELP : await helpOf(command)
      const found = await candidates(words[0] === '--' ? words.slice(1) : words, commands, { namesOf, helpOf: quick })
      process.stdout.write(found.map((one) => `${one}\n`).join(''))
      return 0
    },
  }
}

type Names = (kind: 'scenarios' | 'targets' | 'faults' | 'weaknesses') => string[]

const VALUES: Record<string, readonly string[]> = {
  '--scale': ['quick', 'full'],
  '--driver': ['k6', 'undici'],
  '--protocol': ['2026-07-28', '2025-11-25', '2025-06-18'],
  '--unknown': ['fail', 'warn'],
}
const UNITS: Record<string, Parameters<Names>[0]> = { '--target': 'targets', '--fault': 'faults', '--weaken': 'weaknesses' }

interface Sources {
  namesOf: Names
  helpOf: (command: string) => Promise<string | undefined>
}

/** What the last word may become; nothing where a path is wanted, which shells complete themselves. */
export async function candidates(words: readonly string[], commands: readonly string[], { namesOf, helpOf }: Sources): Promise<string[]> {
  const [command = '', ...rest] = words
  if (words.length <= 1) return [...commands, '--help', '--version'].filter((one) => one.startsWith(command))
  const last = rest.at(-1) ?? ''
  const [, glued, value] = /^(--[\w-]+)=(.*)$/s.exec(last) ?? []
  if (glued !== undefined)
    return valuesOf(glued)
      .filter((one) => one.startsWith(value ?? ''))
      .map((one) => `${glued}=${one}`)
  const before = rest.at(-2) ?? ''
  const known = valuesOf(before)
  if (known.length > 0) return known.filter((one) => one.startsWith(last))
  if (before.startsWith('--') && (await options()).some(([name, takes]) => name === before && takes)) return []
  return (last.startsWith('-') ? (await options()).map(([name]) => name) : operands()).filter((one) => one.startsWith(last))

  function valuesOf(option: string): readonly string[] {
    const unit = UNITS[option]
    return unit === undefined ? (VALUES[option] ?? []) : namesOf(unit)
  }

  /** As the command's help has them, and whether they take a value. */
  async function options(): Promise<[name: string, takes: boolean][]> {
    const told = ((await helpOf(command)) ?? '').matchAll(/(--[a-z][\w-]*)( (?:'?<|\w+\|))?/g)
    const all = Map.groupBy([...told], ([, name = '']) => name)
    return [...all].map(([name, mentions]) => [name, mentions.some(([, , takes]) => takes !== undefined)])
  }

  function operands(): readonly string[] {
    if (command === 'completion') return Object.keys(SCRIPTS)
    return ['run', 'scenario', 'explain', 'export'].includes(command) ? namesOf('scenarios') : []
  }
}

const FOLDERS: Record<Parameters<Names>[0], { ours: string; own?: OwnKind; kind: string }> = {
  scenarios: { ours: 'scenarios', own: 'scenarios', kind: 'scenario' },
  targets: { ours: 'scenarios/targets', own: 'targets', kind: 'target' },
  faults: { ours: 'harness/faults', own: 'faults', kind: 'fault' },
  weaknesses: { ours: 'reference-server/weaknesses', kind: 'weakness' },
}

function namesOf(kind: Parameters<Names>[0]): string[] {
  const { ours, own, kind: itself } = FOLDERS[kind]
  const folders = [path.join(ROOT, ours), own === undefined ? undefined : ownFolders(process.cwd())[own]]
  const isOne = new RegExp(`(=|default) ${itself}\\(`)
  return folders
    .filter((folder) => folder !== undefined)
    .filter((folder) => existsSync(folder))
    .flatMap((folder) => readdirSync(folder).map((name) => path.join(folder, name)))
    .filter((file) => isUnitFile(file) && isOne.test(readFileSync(file, 'utf8')))
    .map(unitIdOf)
}
