import { expect, test } from 'vitest'
import { typedHere } from './typed.ts'

test.each([
  ['npm run scenario runaway-loop -- --seed 1', 'npx mcp-stampede run runaway-loop --seed 1'],
  ['npm run scenario <name>, with one of the names above', 'npx mcp-stampede run <name>, with one of the names above'],
  ['see: npm run scenario -- --help', 'see: npx mcp-stampede run --help'],
  ['npm run judge, npm run report -- --json', 'npx mcp-stampede judge, npx mcp-stampede report --json'],
  ['npm run explain reports/a/latest; -- --json for data', 'npx mcp-stampede explain reports/a/latest; -- --json for data'],
  ['  npm run server\n  npm run server -- [options]', '  npx mcp-stampede server\n  npx mcp-stampede server [options]'],
  ['start it by npm start', 'start it by npm start'],
])('%s', (text, here) => {
  expect(typedHere(text, true)).toBe(here)
  expect(typedHere(text, false)).toBe(text)
})
