// One plan from a cluster by one pod and by four, as processes and, as root, in network namespaces with addresses of their
// own: the same calls, the same verdicts; and a harness that is killed or stopped in the middle leaves nothing in the
// cluster. Kubernetes and k6-operator are the stand-in of tests/fixtures/kubernetes, k6 and everything of ours are real.
import type { ChildProcess } from 'node:child_process'
import type { Call } from '../../harness/history/event.ts'
import { ensureK6 } from '../../setup.mjs'
import { finish } from '../fixtures/cli.ts'
import { makeBridge } from '../fixtures/kubernetes/bridge.ts'
import { Cluster } from '../fixtures/kubernetes/cluster.ts'
import { mayHaveNamespaces } from '../fixtures/kubernetes/pod.ts'

const BRIDGE = 81

export async function run(): Promise<string[]> {
  const said = [...(await equal('processes')), ...(await interrupted())]
  if (!mayHaveNamespaces()) return [...said, 'network namespaces: not tried, this is not root or there is no `ip`']
  using _bridge = makeBridge(BRIDGE)
  return [...said, ...(await equal('network namespaces', { STAND_IN_NETNS: String(BRIDGE), STAND_IN_HOST: `10.77.${BRIDGE}.1` }))]
}

async function equal(how: string, env: NodeJS.ProcessEnv = {}): Promise<string[]> {
  await using cluster = new Cluster(env, await ensureK6())
  const one = await cluster.scenario('--parallelism', '1')
  const four = await cluster.scenario('--parallelism', '4')
  const calls = [one, four].map((run) =>
    run.calls
      .map(({ agent, task, turn, tool }: Call) => `${agent} ${task} ${turn} ${tool}`)
      .sort()
      .join('\n'),
  )
  if (calls[0] !== calls[1]) throw new Error(`${how}: one pod and four sent other calls`)
  const statuses = [one, four].map((run) => JSON.stringify(run.statuses))
  if (statuses[0] !== statuses[1]) throw new Error(`${how}: verdicts differ\n${statuses.join('\n')}\n${one.why}\n${four.why}`)
  await cluster.gone()
  const fleet = four.header.fleet ?? []
  const clocks = fleet.map(({ laterMs, uncertaintyMs = Number.NaN }) => `${laterMs.toFixed(1)} ± ${uncertaintyMs.toFixed(1)}`).join(', ')
  return [
    `${how}: ${one.calls.length} calls by 1 pod and ${four.calls.length} by 4, the same ones; verdicts ${statuses[0]}`,
    `${how}: the four began at (ms after the first) ${clocks}`,
  ]
}

/** Ctrl-C judges what there is and deletes; kill -9 leaves it to the next start. */
async function interrupted(): Promise<string[]> {
  await using cluster = new Cluster({}, await ensureK6())
  const stopped = cluster.start('--parallelism', '2')
  const finished = finish(stopped)
  await shown(stopped, /steady/)
  stopped.kill('SIGINT')
  const { code } = await finished
  if (code !== 2) throw new Error(`stopped by Ctrl-C it ended with ${code}`)
  await cluster.gone()
  const killed = cluster.start('--parallelism', '2')
  await shown(killed, /steady/)
  killed.kill('SIGKILL')
  const next = await finish(cluster.start('--list'))
  if (!/healed a fault that run st\w+, which was killed, had left/.test(next.stderr)) throw new Error(next.stderr)
  await cluster.gone()
  return ['stopped by Ctrl-C: exit 2, nothing left in the cluster', 'killed by -9: the next start removed everything']
}

async function shown(child: ChildProcess, what: RegExp): Promise<void> {
  let said = ''
  await new Promise<void>((resolve, reject) => {
    child.stderr?.on('data', (chunk) => {
      said += String(chunk)
      if (what.test(said)) resolve()
    })
    child.once('close', () => reject(new Error(said)))
  })
}
