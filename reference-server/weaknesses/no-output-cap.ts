// A result is as large as it is.
import { weakness } from './weakness.ts'

export default weakness({
  story: 'A tool that lists a table listed all of it: 38 MB of JSON in one answer, for a model that reads a hundredth of that.',
  source: 'seed 1, "Output bounds"',
  caughtBy: { scenario: 'large-results', check: 'output-bounded' },
  apply: (parts) => ({ ...parts, settings: { ...parts.settings, RESULT_MAX_BYTES: Number.MAX_SAFE_INTEGER } }),
})
