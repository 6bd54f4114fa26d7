// The way of a fresh clone, run by hand: `node tests/fresh-clone.ts [--test]`. Clones HEAD into a temporary folder, gives npm
// and Go caches of their own that are empty, and runs README's first command twice (and with --test its second), as a person
// with only npm and Go would. Prints how long each took, as a row for docs/long-tests.md. It needs the network.
import { execFileSync, spawn } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { availableParallelism, tmpdir } from 'node:os'
import path from 'node:path'
import { ROOT } from './fixtures/source-files.ts'

const place = await mkdtemp(path.join(tmpdir(), 'stampede-fresh-'))
const clone = path.join(place, 'clone')
// Without the folder that npm puts in front for our own scripts, so that the clone finds its own Node.
const foreign = (process.env.PATH ?? '').split(path.delimiter).filter((folder) => !folder.includes('node_modules'))
const env = {
  ...Object.fromEntries(
    Object.entries(process.env).filter(
      ([name]) => !/^(npm_(config_user_agent|lifecycle|package|execpath|node)|INIT_CWD|NODE_ENV|K6_)/.test(name),
    ),
  ),
  PATH: foreign.join(path.delimiter),
  npm_config_cache: path.join(place, 'npm'),
  GOCACHE: path.join(place, 'go-build'),
  GOMODCACHE: path.join(place, 'go-modules'),
  // Go makes its module cache read-only, which would keep it from being removed at the end.
  GOFLAGS: [process.env.GOFLAGS, '-modcacherw'].filter(Boolean).join(' '),
}

/** Runs one command in the clone, showing what it says; returns seconds. */
async function timed(...command: [string, ...string[]]): Promise<number> {
  const begunAt = performance.now()
  const [program, ...args] = command
  const child = spawn(program, args, { cwd: clone, env, stdio: ['ignore', 'inherit', 'inherit'] })
  const code = await new Promise((resolve) => child.once('close', resolve))
  const seconds = (performance.now() - begunAt) / 1_000
  console.log(`\nfresh clone: ${command.join(' ')} → exit ${code} after ${seconds.toFixed(1)} s\n`)
  if (code !== 0) process.exitCode = 1
  return seconds
}

try {
  execFileSync('git', ['clone', '--quiet', ROOT, clone])
  const commit = execFileSync('git', ['rev-parse', '--short', 'HEAD'], { cwd: clone, encoding: 'utf8' }).trim()
  const first = await timed('npm', 'run', 'scenario', 'runaway-loop')
  const again = await timed('npm', 'run', 'scenario', 'runaway-loop')
  const tests = process.argv.includes('--test') ? await timed('npm', 'test') : undefined
  const { status } = JSON.parse(await readFile(path.join(clone, 'reports', 'runaway-loop', 'latest', 'verdicts.json'), 'utf8')) as {
    status: string
  }
  if (status !== 'pass' || first > 300 || again > 60) process.exitCode = 1
  const shown = (seconds: number | undefined) => (seconds === undefined ? 'not run' : `${seconds.toFixed(0)} s`)
  const row = [new Date().toISOString().slice(0, 10), commit, availableParallelism(), shown(first), shown(again), shown(tests)]
  console.log(`${process.exitCode ? 'FAILED' : 'passed'}\n| ${row.join(' | ')} |`)
} finally {
  await rm(place, { recursive: true, force: true })
}
