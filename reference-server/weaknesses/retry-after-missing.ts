// Refusals are right but say nothing a program can read about coming back: no Retry-After, no figure in the data. The sentence for
// people stays as it is.
import { weakness } from './weakness.ts'

export default weakness({
  story: 'The server returned a bare 429; agents that are told nothing asked again at machine speed.',
  source: 'seed 1, "Return codes that agents actually understand"',
  caughtBy: { scenario: 'runaway-loop', check: 'retry-after-valid' },
  apply: (parts) => ({ ...parts, guidance: () => ({ headers: {}, data: {} }) }),
})
