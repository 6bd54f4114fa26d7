// `--otlp <endpoint>`: starts the exporter beside the run (harness/otlp/main.ts) and asks it at the end what became of it. Its failing is
// said in the manifest and changes no verdict.
import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { Keeper } from '../environment/service.ts'

const MAIN = fileURLToPath(new URL('../otlp/main.ts', import.meta.url))
/** It gives itself ten seconds to send the rest. */
const END_WITHIN_MS = 15_000

export interface Exporter {
  /** Ends it. @returns what became of it, a sentence */
  end(): Promise<string>
}

export function startExporter(folder: string, endpoint: string, keeper: Keeper): Exporter {
  const env = { ...process.env, STAMPEDE_RUN: keeper.run }
  const child = spawn(process.execPath, [MAIN, folder, endpoint], { env, stdio: ['ignore', 'pipe', 'inherit', 'ipc'] })
  if (child.pid !== undefined) keeper.process(child.pid, 'otlp')
  let said = ''
  child.stdout?.setEncoding('utf8').on('data', (text: string) => (said = (said + text).slice(-2_000)))
  const closed = new Promise<void>((resolve) => child.once('close', () => resolve()).once('error', () => resolve()))
  return {
    async end() {
      child.kill('SIGTERM')
      const late = setTimeout(() => child.kill('SIGKILL'), END_WITHIN_MS)
      await closed
      clearTimeout(late)
      return sentence(endpoint, said)
    },
  }
}

function sentence(endpoint: string, said: string): string {
  try {
    const { spans, dropped, lost, problem } = JSON.parse(said.trimEnd().split('\n').at(-1) ?? '') as {
      spans: number
      dropped: number
      lost: number
      problem?: string
    }
    const away = dropped + lost > 0 ? `, ${dropped} dropped, ${lost} never whole` : ''
    return `${spans} spans went to ${endpoint}${away}${problem === undefined ? '' : ` (${problem})`}`
  } catch {
    return `the exporter to ${endpoint} ended without a word`
  }
}
