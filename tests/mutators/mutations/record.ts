// The record itself: lines lost, doubled or made up, and clocks. A record that is not whole proves nothing: the gate shuts.
import { answered, isServed, type Mutation, one, startOf, without } from '../mutation.ts'

const G1 = { 'load-offered': 'unknown' } as const
const G2 = { 'fault-felt': 'unknown' } as const

export const record: Mutation[] = [
  {
    base: 'bad-sql',
    what: 'an answer is lost from the record',
    change(run) {
      const { end } = one(run, isServed)
      without(run.load, (line) => line === end)
    },
    turns: G1,
  },
  {
    base: 'bad-sql',
    what: 'a call is lost from the record',
    change(run) {
      const { send } = one(run, isServed)
      without(run.load, (line) => line === send)
    },
    turns: G1,
  },
  {
    base: 'bad-sql',
    what: 'a send line is there twice',
    change(run) {
      const { send } = one(run, isServed)
      run.load.splice(run.load.indexOf(send), 0, { ...send })
    },
    turns: G1,
  },
  {
    base: 'bad-sql',
    what: 'an answer is there twice',
    change(run) {
      const { end } = one(run, isServed)
      run.load.splice(run.load.indexOf(end), 0, { ...end })
    },
    turns: G1,
  },
  {
    base: 'bad-sql',
    what: "an agent's record has no end",
    change(run) {
      const stop = run.load.find((line) => line.kind === 'stop')
      without(run.load, (line) => line === stop)
    },
    turns: G1,
  },
  {
    base: 'bad-sql',
    what: 'an agent counted one call more than it wrote down',
    change(run) {
      const stop = run.load.find((line) => line.kind === 'stop')
      if (stop) stop.callsSent++
    },
    turns: G1,
  },
  {
    base: 'bad-sql',
    what: 'a task was never started',
    change(run) {
      const stop = run.load.find((line) => line.kind === 'stop')
      if (stop) stop.tasksStarted--
    },
    turns: G1,
  },
  {
    base: 'bad-sql',
    what: 'a persona crashed',
    change(run) {
      const at = run.load.findIndex((line) => line.kind === 'stop')
      const stop = run.load[at]
      if (stop?.kind !== 'stop') return
      run.load.splice(at, 0, { kind: 'crash', seq: stop.seq, agent: stop.agent, task: 't1', text: 'TypeError: answer is undefined' })
      stop.seq++
    },
    turns: G1,
  },
  {
    base: 'bad-sql',
    what: 'every twentieth call leaves 60 ms late',
    change(run) {
      for (const { send, end } of answered(run, () => true).filter((_, n) => n % 20 === 0)) {
        send.sentAtMs += 60
        end.endedAtMs += 60
      }
    },
    turns: G1,
  },
  {
    base: 'bad-sql',
    what: 'a single call leaves 60 ms late',
    change(run) {
      const { send, end } = one(run, isServed)
      send.sentAtMs += 60
      end.endedAtMs += 60
    },
    turns: {},
  },
  {
    base: 'bad-sql',
    what: 'the wall clock is set forward by 50 ms in the middle of the run',
    change(run) {
      const half = run.clocks.length >> 1
      for (const clock of run.clocks.slice(half)) clock.atMs += 50
    },
    turns: G1,
  },
  {
    base: 'bad-sql',
    what: 'the wall clock drifts by 10 ms',
    change(run) {
      const last = run.clocks.at(-1)
      if (last) last.atMs += 10
    },
    turns: {},
  },
  {
    base: 'bad-sql',
    what: 'the clocks were read only once',
    change: (run) => void run.clocks.splice(1),
    turns: G1,
  },
  {
    base: 'bad-sql',
    what: 'the run was stopped before its end',
    change(run) {
      run.manifest.state = 'aborted'
    },
    turns: 'every pass to unknown',
  },
  {
    base: 'duplicate-writes',
    what: 'the fault was not felt',
    change: (run) => without(run.faults, ({ event }) => event === 'felt'),
    turns: G2,
  },
  {
    base: 'duplicate-writes',
    what: 'the heal of the fault was not verified',
    change: (run) => without(run.faults, ({ event }) => event === 'healed'),
    turns: { ...G2, recovers: 'unknown' },
  },
  {
    base: 'duplicate-writes',
    what: 'the fault was never injected',
    change: (run) => void run.faults.splice(0),
    turns: G2,
  },
  {
    base: 'upstream-outage',
    what: 'nobody asked for what was broken while it was',
    change(run) {
      for (const role of Object.values(run.plan.roles)) role.needs = role.needs.filter((need) => !need.startsWith('upstream'))
    },
    turns: G2,
  },
  {
    base: 'bad-sql',
    what: 'the lines of the record are in the order of the agents, not of time',
    change(run) {
      const start = startOf(run)
      const owner = (line: (typeof run.load)[number]) => (line.kind === 'start' ? String(start) : line.agent)
      run.load.sort((a, b) => (owner(a) < owner(b) ? -1 : owner(a) > owner(b) ? 1 : 0))
    },
    turns: {},
  },
  {
    base: 'bad-sql',
    what: 'the steady phase turns bad in its second half',
    change(run) {
      const half = answered(run, (call) => isServed(call) && call.phase === 'steady' && call.send.sentAtMs > 7_000)
      for (const { end } of half.filter((_, n) => n % 3 === 0)) end.correct = false
    },
    turns: { 'baseline-steady': 'unknown' },
  },
]
