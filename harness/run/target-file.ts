// Finds a target by its id or its path, and refuses one that does not type-check before anything is started.
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import path from 'node:path'
import { promisify } from 'node:util'
import { isUnitFile, load, type Unit, type Units } from '../discover.ts'
import { HarnessError } from '../errors.ts'
import type { Target } from '../target.ts'
import { leaseFolder } from './lease.ts'

const TYPE_CHECK_MS = 60_000

/**
 * @param typed it was checked before, where the compiler is
 * @param name id of a file in scenarios/targets, or a path to one's own
 * @throws HarnessError `UNKNOWN_TARGET`, `TARGET_NOT_FOUND`, `TARGET_INVALID` (with the compiler's own lines)
 */
export async function findTarget(name: string, known: Units<Target>, root: string, typed = false): Promise<Unit<Target>> {
  const named = isUnitFile(name) || name.includes('/')
  if (!named && known.get(name).path.startsWith(path.join(root, 'scenarios'))) return known.get(name)
  const file = named ? path.resolve(name) : known.get(name).path
  if (!existsSync(file))
    throw new HarnessError(
      'TARGET_NOT_FOUND',
      `there is no target file ${file}`,
      `give the path of one, or one of: ${known.ids.join(', ')}`,
    )
  if (!typed) await typeCheck(file, root)
  const unit = await load<Target>('target', file)
  if (!unit) throw new HarnessError('TARGET_INVALID', `${file} exports no target`, "write: export default target({ url: 'http://…' })")
  if (!unit.value.url) throw new HarnessError('TARGET_INVALID', `${file} has no url`, "add the line: url: 'http://127.0.0.1:3000/mcp'")
  return unit
}

async function typeCheck(file: string, root: string): Promise<void> {
  // Beside the leases and named after us, so that the next start removes it when we are killed meanwhile.
  const folder = path.join(leaseFolder(), `check-${process.pid}`)
  await mkdir(folder, { recursive: true, mode: 0o711 })
  try {
    const config = path.join(folder, 'tsconfig.json')
    const { tsc, types } = compiler()
    // A folder without a package.json of type module is fine too: Node finds out by itself.
    const compilerOptions = {
      module: 'preserve',
      moduleResolution: 'bundler',
      verbatimModuleSyntax: false,
      typeRoots: [types],
    }
    await writeFile(
      config,
      JSON.stringify({
        extends: path.join(root, 'tsconfig.json'),
        compilerOptions,
        files: [file],
        include: [],
        exclude: [],
      }),
    )
    await promisify(execFile)(process.execPath, [tsc, '--noEmit', '-p', config], { timeout: TYPE_CHECK_MS })
  } catch (error) {
    const lines = String((error as { stdout?: unknown }).stdout ?? '').trim()
    if (lines === '') throw error
    const missing = lines.includes("'url' is missing") ? "add the line: url: 'http://127.0.0.1:3000/mcp'" : 'mend these lines and run again'
    throw new HarnessError('TARGET_INVALID', `the target does not type-check:\n${lines.split('\n').slice(0, 12).join('\n')}`, missing)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** Wherever npm has put them: beside us in a checkout, beside the package or below it elsewhere. */
function compiler(): { tsc: string; types: string } {
  const folderOf = (name: string) => path.dirname(createRequire(import.meta.url).resolve(`${name}/package.json`))
  return { tsc: path.join(folderOf('typescript'), 'bin', 'tsc'), types: path.dirname(folderOf('@types/node')) }
}
