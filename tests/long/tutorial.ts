// docs/tutorial.md as its reader goes through it: in a copy of this tree each file is written and each
// command typed, in order, and each ends as the page says. About four minutes, most of them the scenarios'.
import { mkdtempSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { copyOfTree, tutorialSteps, typed, writeStep } from '../fixtures/tutorial.ts'

/** @throws Error at the first step that goes otherwise */
export async function run(): Promise<string[]> {
  const tree = mkdtempSync(path.join(os.tmpdir(), 'stampede-tutorial-'))
  try {
    copyOfTree(tree)
    const said: string[] = []
    for (const step of tutorialSteps()) {
      if ('file' in step) writeStep(step, tree)
      else await typed(step, tree)
      said.push(`${step.heading}: ${'file' in step ? `wrote ${step.file}` : `${step.command} ended with ${step.exits}`}`)
      process.stderr.write(`${said.at(-1)}\n`)
    }
    return said
  } finally {
    rmSync(tree, { recursive: true, force: true })
  }
}
