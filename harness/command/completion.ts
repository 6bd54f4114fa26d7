// `mcp-stampede completion bash|zsh|fish` prints what a shell needs; the shell then asks `mcp-stampede complete -- <words>` at each tab.
// Names of units are read from their folders, and nothing is imported: a tab must not wait.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { isUnitFile, unitIdOf } from '../discover.ts'
import { bad } from './arguments.ts'
import type { Program } from './program.ts'
import { type OwnKind, ownFolders } from './project.ts'
import { SCENARIO_OPTIONS } from './scenario/options.ts'
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
_mcp_stampede() {
  local -a found
  found=(\${(f)"$(${ASK} "\${(@)words[2,$CURRENT]}" 2>/dev/null)"})
  if (( $#found )); then compadd -a found; else _files; fi
}
compdef _mcp_stampede mcp-stampede
`,
  fish: `complete -c mcp-stampede -a '(${ASK} (commandline -opc)[2..-1] (commandline -ct) 2>/dev/null)'
`,
}

const HOW = `bash: echo 'source <(mcp-stampede completion bash)' >> ~/.bashrc
  zsh:  echo 'source <(mcp-stampede completion zsh)' >> ~/.zshrc
  fish: mcp-stampede completion fish > ~/.config/fish/completions/mcp-stampede.fish`

const HELP = `Prints what your shell needs to complete commands, options, scenarios and targets.

  mcp-stampede completion bash | zsh | fish

It takes no options.
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

/** @param commands what the first word may be */
export function completing(commands: readonly string[]): Program {
  return {
    help: COMPLETE_HELP,
    // Behind `--`: all that was typed behind the program's name, the last word perhaps unfinished or empty.
    run: (words) => {
      const found = candidates(words[0] === '--' ? words.slice(1) : words, commands, namesOf)
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

/** What the last word may become; nothing where a path is wanted, which shells complete themselves. */
export function candidates(words: readonly string[], commands: readonly string[], names: Names): string[] {
  const [command = '', ...rest] = words
  const [before = '', last = ''] = rest.slice(-2).length === 2 ? rest.slice(-2) : ['', rest[0]]
  return all().filter((one) => one.startsWith(words.length <= 1 ? command : last))

  function all(): readonly string[] {
    if (words.length <= 1) return [...commands, '--help', '--version']
    if (command === 'completion') return Object.keys(SCRIPTS)
    if (command === 'explain') return names('scenarios')
    if (command !== 'run' && command !== 'scenario') return []
    const unit = UNITS[before]
    if (unit !== undefined) return names(unit)
    if (VALUES[before]) return VALUES[before]
    return last.startsWith('-') ? SCENARIO_OPTIONS.map((name) => `--${name}`) : names('scenarios')
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
