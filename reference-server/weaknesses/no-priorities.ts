// When there is too much to do the door is shut in everybody's face alike: a nightly batch gets in where a payment does not.
import { weakness } from './weakness.ts'

export default weakness({
  story: 'A reporting job filled the server; payments were shed with the same chance as its rows.',
  source: 'SRE ch. 21, "Criticality"; WeChat, DAGOR (SoCC 2018)',
  caughtBy: { scenario: 'priority-shedding', check: 'priority-order' },
  apply: (parts) => ({
    ...parts,
    openGate(options) {
      const gate = parts.openGate(options)
      return { ...gate, turnedAway: (_priority, pool) => gate.turnedAway('normal', pool) }
    },
  }),
})
