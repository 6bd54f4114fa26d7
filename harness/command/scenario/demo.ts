// `mcp-stampede demo`: one scenario twice against the reference server, first with the limits of an agent left out, as most servers
// ship, which must fail, then whole, which must hold. What sends the load is k6 where there is one, else the driver that needs none.
// A half that cannot be told, mostly since the machine had too much else to do, is run once more; a fail is never run again.
import { k6IfThere } from '../../../setup.mjs'
import { bad } from '../arguments.ts'
import type { Program } from '../program.ts'
import { ROOT } from '../units.ts'
import { scenarioCommand } from './scenario.ts'

const SCENARIO = 'runaway-loop'
const WEAKNESS = 'no-agent-limit'
const UNKNOWN = 2

const HELP = `Shows what a verdict is: a server without limits for each agent is caught, as most are, then the same server with them holds. All that is
needed is started for it; the two reports stay in reports/.

  npm run demo

It takes no options. It runs ${SCENARIO} twice, first with --weaken ${WEAKNESS}: about a minute. A half
that cannot be told, since the machine had too much else to do, is run once more.
Exit codes: 0 the weak server was caught and the hardened one held · else what says otherwise, as for npm run scenario
Example: npm run demo
`

export const demo: Program = { help: HELP, run: demoCommand }

/** @returns 0 when the weak server failed and the hardened one held, else what says otherwise */
async function demoCommand(words: string[], swept: string[]): Promise<number> {
  if (words.length > 0) throw bad(`demo takes no ${JSON.stringify(words[0])}`, 'it is typed alone: npm run demo')
  const driver = (await k6IfThere({ root: ROOT })) === undefined ? 'undici' : 'k6'
  say('1 of 2: a server without limits for each agent, as most are. One agent calls its cheapest tool in a loop (about half a minute).')
  const weak = await told([SCENARIO, '--weaken', WEAKNESS, '--driver', driver], swept)
  if (weak === 0) {
    say('The weak server held here, which it should not: run it again, and tell us if it does so twice.')
    return UNKNOWN
  }
  if (weak !== 1) return ended(weak)
  say('2 of 2: the same load, the same server, with its limits.')
  const hardened = await told([SCENARIO, '--driver', driver], [])
  if (hardened !== 0) return ended(hardened)
  say('So the weak server was caught, and the hardened one held. Now yours: npm run init -- <url>')
  return 0
}

async function told(words: string[], swept: string[]): Promise<number> {
  const code = await scenarioCommand(words, swept)
  if (code !== UNKNOWN) return code
  say('That could not be told: why stands above. Once more.')
  return await scenarioCommand(words, [])
}

function ended(code: number): number {
  if (code === UNKNOWN)
    say('It could not be told here, which says nothing of either server: run it again when the machine has less else to do.')
  return code
}

function say(sentence: string): void {
  process.stdout.write(`\n${sentence}\n\n`)
}
