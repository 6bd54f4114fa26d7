// Arguments in, exit code out: 0 held, 1 did not hold, 2 cannot be known, 254 bad arguments or surroundings, 255 a bug.
import { SetupError } from '../setup.mjs'
import { explainCommand } from './command/explain.ts'
import { folderCommand } from './command/folder.ts'
import { mergeCommand } from './command/merge.ts'
import { scenarioCommand } from './command/scenario.ts'
import { serverCommand } from './command/server.ts'
import { HarnessError } from './errors.ts'
import { sweep } from './run/lease.ts'
import { writeFailure } from './run/line-file.ts'

async function main([command, ...words]: string[]): Promise<number> {
  const swept = await sweep()
  for (const sentence of swept) process.stderr.write(`· ${sentence}\n`)
  if (command === 'scenario') return scenarioCommand(words, swept)
  if (command === 'server') return serverCommand(words)
  if (command === 'judge' || command === 'report') return folderCommand(command, words)
  if (command === 'explain') return explainCommand(words)
  if (command === 'merge') return mergeCommand(words)
  throw new HarnessError(
    'BAD_OPTION',
    `there is no command ${JSON.stringify(command ?? '')}`,
    'npm run scenario, npm run judge, npm run report, npm run explain, npm run merge, npm run server',
  )
}

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
