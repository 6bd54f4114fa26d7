// Waits told far too long: an agent that did not obey, and was let in long before its wait was over, shows that the budget was free. Looked
// at are refusals by a rate of the agent's own after which it made the same call again (tool and arguments, since either may be what it
// costs) before the wait was over. Far is more than twice the time until it was let in, and a second on top, since headers have whole ones.
//
// One that was refused on to the end tells nothing of a longer wait than twice as much, and is left out with it.
//
// Not modelled: shared budgets and calls at once, whose waits may be spread on purpose. Left out: instances that answers do not name, since
// each may count for itself, and what a fault of Redis or of the server, and the breaker that it opened, may have forgotten.
import type { Call } from '../history/event.ts'
import { faultsOf } from '../history/faults.ts'
import type { History } from '../history/history.ts'
import { instancesOf } from '../history/instances.ts'
import { breakerOpenMs } from '../history/queries.ts'
import { positionOf } from '../history/sorted.ts'
import { toldWaitMs } from '../history/wait.ts'
import { isAdmitted } from './admitted.ts'
import { isOwn } from './waits.ts'

const WHOLE_SECOND_MS = 1_000

interface TooLong {
  refused: Call
  told: number
  letIn: Call
  /** The budget was free so long after the refusal, at the latest, ms. */
  freeMs: number
}

/** @returns of how many such refusals it can be told, and those that told far too long a wait */
export function toldTooLong(history: History): { tried: number; long: TooLong[] } {
  const several = instancesOf(history) > 1
  const calls = history.calls.filter(({ role, evidence }) => role !== 'handshake' && !(several && evidence.instance === undefined))
  const isRefused = (call: Call) => call.class === 'refused' && call.endedAtMs !== undefined && isOwn(call, history)
  const agents = new Set(calls.filter(isRefused).map(({ agent }) => agent))
  const given = argumentsOf(history, agents)
  const own = calls.filter(({ agent }) => agents.has(agent))
  const alike = Map.groupBy(own, (call) => `${call.agent} ${call.tool} ${call.evidence.instance} ${call.altered} ${given(call)}`)
  const tried = [...alike.values()].flatMap((same) => {
    const [admitted, refusals] = [same.filter(isAdmitted), same.filter(isRefused)]
    const lastMs = refusals.at(-1)?.sentAtMs ?? 0
    return refusals.flatMap((refused) => {
      const { sentAtMs, endedAtMs = sentAtMs, evidence } = refused
      const told = toldWaitMs(evidence, (history.manifest.t0Ms ?? 0) + endedAtMs) ?? 0
      const [next, letIn] = [firstFrom(endedAtMs, same), firstFrom(endedAtMs, admitted)]
      if (!next || next.sentAtMs >= endedAtMs + told || !(letIn || told <= 2 * (lastMs - endedAtMs) + WHOLE_SECOND_MS)) return []
      return [{ refused, told, letIn, freeMs: (letIn?.endedAtMs ?? Number.POSITIVE_INFINITY) - sentAtMs }]
    })
  })
  const long = tried.filter((one): one is TooLong => one.letIn !== undefined && one.told > 2 * one.freeMs + WHOLE_SECOND_MS)
  return { tried: tried.length, long: long.filter(remembered(history)).sort((a, b) => b.told - b.freeMs - (a.told - a.freeMs)) }
}

function firstFrom(atMs: number, calls: readonly Call[]): Call | undefined {
  return calls[positionOf(calls, ({ sentAtMs }) => sentAtMs, atMs)]
}

function remembered(history: History): (one: TooLong) => boolean {
  const openMs = breakerOpenMs(history)
  const forgetful = faultsOf(history).filter(({ dependency = '' }) => ['redis', 'server'].includes(dependency))
  return ({ refused, freeMs }) =>
    forgetful.every(({ beginsMs, overMs }) => refused.sentAtMs > overMs + openMs || refused.sentAtMs + freeMs < beginsMs)
}

/** As the plan drew them, in text. Several at once are like no others: which of them a call had is not told. */
function argumentsOf({ plan }: History, agents: ReadonlySet<string>): (call: Call) => string {
  const drawn = new Map<string, string>()
  for (const { agent, tasks } of plan.agents.filter((planned) => agents.has(planned.agent)))
    for (const { task, calls } of tasks)
      for (const { turn, arguments: given } of calls) {
        const [at, text] = [`${agent} ${task} ${turn}`, JSON.stringify(given)]
        drawn.set(at, (drawn.get(at) ?? text) === text ? text : at)
      }
  return ({ agent, task, turn }) => drawn.get(`${agent} ${task} ${turn}`) ?? ''
}
