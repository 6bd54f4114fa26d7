// npm runs this before it packs: dist/ becomes what the package holds, JavaScript and its types.
//
// Node refuses TypeScript under node_modules, so the types are taken out as Node itself would take them out, in place: a line of a stack
// in the package is that line of the repository. Only names change: `.ts` becomes `.js` in imports and wherever
// a file of ours is named, and `npm run scenario x -- --seed 1` becomes what is typed where the package is
// installed, `npx mcp-stampede run x --seed 1`. Tests stay at home, and what only tests and operators need.
import { execFile } from 'node:child_process'
import { cp, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { createRequire, stripTypeScriptTypes } from 'node:module'
import path from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const ROOT = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..', '..')
const PROGRAMS = ['harness', 'scenarios', 'reference-server']
const WHOLE = ['setup.mjs', 'tsconfig.json', 'tools/setup', 'tools/k6']
const AT_HOME = /(^|\/)(fixtures|contract|example|examples|interop)\/|\.test\.\w+$|(^|\/)README\.md$/
/** 'harness/x.ts', './x.ts', 'x.ts', 'node reference-server/main.ts': in quotes, whole. */
const NAMED = /(['"`])((?:node )?(?:\.{1,2}\/)*[\w-][\w./-]*)\.ts\1/g

/** @param {string} out the folder that is made anew */
export async function emit(out) {
  await rm(out, { recursive: true, force: true })
  for (const program of PROGRAMS) {
    for (const file of await filesOf(program)) await emitFile(file, out)
  }
  for (const place of WHOLE) await cp(path.join(ROOT, place), path.join(out, place), { recursive: true })
  await emitTypes(out)
  const { version, optionalDependencies: nodes } = JSON.parse(await readFile(path.join(ROOT, 'package.json'), 'utf8'))
  await writeFile(path.join(out, 'package.json'), `${JSON.stringify({ version, type: 'module', sideEffects: false, nodes })}\n`)
}

/** @param {string} program */
async function filesOf(program) {
  const entries = await readdir(path.join(ROOT, program), { recursive: true, withFileTypes: true })
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(ROOT, path.join(entry.parentPath, entry.name)).split(path.sep).join('/'))
    .filter((file) => !AT_HOME.test(file))
    .sort()
}

/**
 * @param {string} file
 * @param {string} out
 */
async function emitFile(file, out) {
  const to = path.join(out, file)
  await mkdir(path.dirname(to), { recursive: true })
  if (!file.endsWith('.ts') || file.endsWith('.d.ts')) return await cp(path.join(ROOT, file), to)
  const text = stripTypeScriptTypes(await readFile(path.join(ROOT, file), 'utf8'), { mode: 'strip' })
  await writeFile(to.replace(/\.ts$/, '.js'), typedByNpx(renamed(text)))
}

/** @param {string} text */
export function renamed(text) {
  return text.replace(NAMED, '$1$2.js$1')
}

/** @param {string} text */
export function typedByNpx(text) {
  return text
    .replace(/npm run ((?:(?!npm run)[^\n;,])*?) -- /g, 'npm run $1 ')
    .replace(/npm run scenario\b/g, 'npx mcp-stampede run')
    .replace(/npm run (?!\w+:)(?=[a-z<$])/g, 'npx mcp-stampede ')
}

/**
 * Declarations of what the package exports, and of what they name.
 * @param {string} out
 */
async function emitTypes(out) {
  const tsc = path.join(path.dirname(createRequire(import.meta.url).resolve('typescript/package.json')), 'bin', 'tsc')
  await promisify(execFile)(process.execPath, [tsc, '-p', path.join(ROOT, 'tools/package/tsconfig.json'), '--outDir', out], { cwd: ROOT })
  for (const entry of await readdir(out, { recursive: true, withFileTypes: true })) {
    const file = path.join(entry.parentPath, entry.name)
    if (entry.isFile() && file.endsWith('.d.ts')) await writeFile(file, renamed(await readFile(file, 'utf8')))
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await emit(path.resolve(process.argv[2] ?? path.join(ROOT, 'dist')))
