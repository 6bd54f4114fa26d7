// `--open`: shows a file, or a page of this machine, with whatever the machine opens such things with. A machine that cannot (a server,
// a container) is told the path already, so that is no error. Nothing is waited for: the program that shows it outlives this one.
import { spawn } from 'node:child_process'
import { pathToFileURL } from 'node:url'

/** @returns false when there is no program for it */
export async function openFile(file: string, platform: NodeJS.Platform = process.platform): Promise<boolean> {
  const [program, ...words] = openerOf(/^http:/.test(file) ? file : pathToFileURL(file).href, platform)
  return await new Promise((resolve) => {
    const child = spawn(program, words, { detached: true, stdio: 'ignore' })
    child.once('error', () => resolve(false))
    child.once('spawn', () => {
      child.unref()
      resolve(true)
    })
  })
}

/** Arguments go to the program as they are: no shell reads them. */
export function openerOf(url: string, platform: NodeJS.Platform): [program: string, ...words: string[]] {
  if (platform === 'darwin') return ['open', url]
  if (platform === 'win32') return ['rundll32', 'url.dll,FileProtocolHandler', url]
  return ['xdg-open', url]
}
