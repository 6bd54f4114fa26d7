// Entry, agent and the personas in use as one JavaScript file. k6 never gets TypeScript: a file that its engine cannot parse
// after stripping hangs it for ever without a word. Kept small, since each VU holds the program: 0.3 MB at 8 KB of code, 0.7 at 200 KB;
// the source map, which stands behind it, tells where an error was.
import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { build, type Plugin } from 'esbuild'
import type { Unit, Units } from '../../discover.ts'
import { HarnessError } from '../../errors.ts'
import type { PersonaDefinition } from '../../persona.ts'
import type { Plan } from '../../plan/plan.ts'

const ENTRY = fileURLToPath(new URL('entry.ts', import.meta.url))

/**
 * @returns the size of the code, bytes, without its source map
 * @throws HarnessError `LOAD_BUNDLE_REFUSED`, when a persona does not compile or imports what k6 does not have
 */
export async function bundle(plan: Plan, personas: Units<PersonaDefinition>, file: string): Promise<number> {
  const used = [...new Set(plan.agents.map(({ persona }) => persona))].map((id) => personas.get(id))
  try {
    const { outputFiles } = await build({
      entryPoints: [ENTRY],
      outfile: file,
      bundle: true,
      write: false,
      format: 'esm',
      platform: 'neutral',
      target: 'es2022',
      external: ['k6', 'k6/*'],
      sourcemap: 'inline',
      sourcesContent: false,
      minifyWhitespace: true,
      minifySyntax: true,
      minifyIdentifiers: true,
      logLevel: 'silent',
      // A user's own persona lives among settings that are not ours.
      tsconfigRaw: '{}',
      plugins: [personasOf(used)],
    })
    const text = outputFiles[0]?.text ?? ''
    await writeFile(file, text)
    return text.lastIndexOf('\n//# sourceMappingURL=')
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error)
    throw new HarnessError(
      'LOAD_BUNDLE_REFUSED',
      `the agents' program cannot be built: ${text}`,
      'a persona may import harness/persona.ts and harness/parameters.ts only',
      error,
    )
  }
}

function personasOf(used: readonly Unit<PersonaDefinition>[]): Plugin {
  const imports = used.map(
    ({ path: file, exportName }, n) => `import { ${exportName} as p${n} } from ${JSON.stringify(path.resolve(file))}`,
  )
  // Constructors such as steady(…) carry their definition.
  const entries = used.map(({ id }, n) => `${JSON.stringify(id)}: p${n}.definition ?? p${n}`)
  const contents = `${imports.join('\n')}\nexport const personas = { ${entries.join(', ')} }\n`
  return {
    name: 'personas',
    setup({ onResolve, onLoad }) {
      onResolve({ filter: /^stampede:personas$/ }, ({ path: name }) => ({ path: name, namespace: 'stampede' }))
      onLoad({ filter: /.*/, namespace: 'stampede' }, () => ({ contents, loader: 'js', resolveDir: path.dirname(ENTRY) }))
    },
  }
}
