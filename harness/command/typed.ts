// How commands are typed where this runs: `npm run scenario x -- --seed 1` in a checkout, `npx mcp-stampede run x --seed 1` in a project
// that has installed the package. Texts name them in the first way; whatever is shown goes through here.

/** The package holds JavaScript, a checkout TypeScript. */
export const IN_PACKAGE = import.meta.filename.endsWith('.js')

export function typedHere(text: string, inPackage = IN_PACKAGE): string {
  if (!inPackage) return text
  return text
    .replace(/npm run ((?:(?!npm run)[^\n;,])*?) -- /g, 'npm run $1 ')
    .replace(/npm run scenario\b/g, 'npx mcp-stampede run')
    .replace(/npm run (?=[a-z<])/g, 'npx mcp-stampede ')
}
