// Arguments in, exit code out: 0 held, 1 did not hold, 2 cannot be known, 254 bad arguments or surroundings, 255 a bug.
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { SetupError } from '../setup.mjs'
import { asksForHelp } from './command/arguments.ts'
import { COMMANDS, helpText, shownNames } from './command/commands.ts'
import { ROOT } from './command/units.ts'
import { HarnessError, meant } from './errors.ts'
import { sweep } from './run/lease.ts'
import { writeFailure } from './run/line-file.ts'

async function main([name = '', ...words]: string[]): Promise<number> {
  if (['--help', '-h', 'help'].includes(name)) return tell(helpText())
  if (['--version', '-V'].includes(name)) return tell(`${version()}\n`)
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined
  if (!command) throw unknown(name)
  const { help, run } = await command.load()
  if (asksForHelp(words)) return tell(help)
  // A tab in a shell waits for nothing, and changes nothing.
  const swept = command.quiet ? [] : await sweep()
  for (const sentence of swept) process.stderr.write(`· ${sentence}\n`)
  return await run(words, swept)
}

function unknown(name: string): HarnessError {
  const known = shownNames()
  if (name === '') return new HarnessError('BAD_OPTION', 'no command was given', `there are: ${known.join(', ')}; --help says more`)
  return new HarnessError('BAD_OPTION', `there is no command ${JSON.stringify(name)}`, meant(name, known))
}

function version(): string {
  return (JSON.parse(readFileSync(path.join(ROOT, 'package.json'), 'utf8')) as { version: string }).version
}

function tell(text: string): number {
  process.stdout.write(text)
  return 0
}

// Whoever read along has gone, as with `| head`: the same as a terminal that was closed. What is written from then on goes nowhere.
let alone = false
for (const stream of [process.stdout, process.stderr])
  stream.on('error', () => {
    if (alone) return
    alone = true
    process.emit('SIGHUP', 'SIGHUP')
  })

try {
  process.exitCode = await main(process.argv.slice(2))
} catch (thrown) {
  const error = writeFailure(thrown)
  if (error instanceof HarnessError || error instanceof SetupError) {
    process.stderr.write(`\n${error.code}: ${error.message}\n  → ${error.hint}\n`)
    process.exitCode = 254
    if (process.argv.includes('--json'))
      process.stdout.write(
        `${JSON.stringify({ status: 'error', exitCode: 254, code: error.code, message: error.message, hint: error.hint })}\n`,
      )
  } else {
    process.stderr.write(`\nThis is a bug of ours, please report it:\n${error instanceof Error ? error.stack : String(error)}\n`)
    process.exitCode = 255
  }
}
