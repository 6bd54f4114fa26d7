// k6's own open arrivals, for the comparison of lateness: each second a burst of BURST tasks in 10 ms, the rest evenly after it. Each
// iteration says how much after its moment it began.
import exec from 'k6/execution'
import http from 'k6/http'

const rate = Number(__ENV.RATE)
const burst = Number(__ENV.BURST)
const seconds = Number(__ENV.SECONDS)
const fast = burst * 100
const slow = Math.round(((rate - burst) / 0.99) * 1000) / 1000

export const options = {
  scenarios: {
    all: {
      executor: 'ramping-arrival-rate',
      startRate: 0,
      timeUnit: '1s',
      preAllocatedVUs: Number(__ENV.AGENTS),
      stages: Array.from({ length: seconds }, () => [
        { duration: '0s', target: Math.round(fast) },
        { duration: '10ms', target: Math.round(fast) },
        { duration: '0s', target: Math.round(slow) },
        { duration: '990ms', target: Math.round(slow) },
      ]).flat(),
    },
  },
  systemTags: [],
}

const body = JSON.stringify({ jsonrpc: '2.0', id: 'c1', method: 'tools/call', params: { name: 'list_tables', arguments: {} } })

export default function () {
  const now = Date.now()
  const n = exec.scenario.iterationInTest
  const perSecond = burst + Math.round(slow) * 0.99
  const second = Math.floor(n / perSecond)
  const inSecond = n - second * perSecond
  const atMs = second * 1000 + (inSecond < burst ? (inSecond / burst) * 10 : 10 + ((inSecond - burst) / Math.round(slow)) * 1000)
  console.log(JSON.stringify({ atMs, lateMs: now - exec.scenario.startTime - atMs }))
  http.post(__ENV.URL, body, { headers: { 'Content-Type': 'application/json' } })
}
