-- Admits one call or none of it: every rate and the lease are checked first, and written only if all pass, so a refusal
-- costs no budget. One script, one round trip. The clock is Redis' own (TIME), so instances need not agree on theirs.
--
-- KEYS  1..n   one GCRA key a rate: the theoretical arrival time (TAT), µs
--       n+1    the lease set: member = call, score = expiry, µs
-- ARGV  n, then interval µs and burst of each rate, then: lease limit (0 = none), lease id, lease lifetime µs, hint µs
-- Gives { failing index (0 = admitted, n+1 = lease), wait µs, then remaining and µs to full of each rate }; the wait is exact
-- for a rate, the hint for the lease
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local n = tonumber(ARGV[1])
local failing, wait = 0, 0
local tats, answer = {}, {}

for i = 1, n do
  local interval, burst = tonumber(ARGV[2 * i]), tonumber(ARGV[2 * i + 1])
  -- No TAT lies further ahead than a full burst: one that does was written under other limits, or by a clock that went back.
  local tat = math.min(tonumber(redis.call('GET', KEYS[i]) or '0'), now + interval * burst)
  local free = math.max(tat, now)
  local over = free + interval - now - interval * burst
  if over > 0 and over > wait then failing, wait = i, over end
  tats[i] = free + interval
  answer[#answer + 1] = math.max(0, math.floor(burst - (free - now) / interval + 0.000001))
  answer[#answer + 1] = free - now
end

local at = 2 * n + 2
local limit, id, lifetime, hint = tonumber(ARGV[at]), ARGV[at + 1], tonumber(ARGV[at + 2]), tonumber(ARGV[at + 3])
if limit > 0 then
  local held = redis.call('ZCOUNT', KEYS[n + 1], '(' .. string.format('%.0f', now), '+inf')
  -- A wait of nothing would count as admitted.
  hint = math.max(hint, 1000)
  if held >= limit and hint > wait then failing, wait = n + 1, hint end
end

if failing == 0 then
  for i = 1, n do
    local left = math.ceil((tats[i] - now) / 1000)
    redis.call('SET', KEYS[i], string.format('%.0f', tats[i]), 'PX', left)
    answer[2 * i - 1] = math.max(0, answer[2 * i - 1] - 1)
    answer[2 * i] = tats[i] - now
  end
  if limit > 0 then
    -- Leases of a killed server expire by themselves.
    redis.call('ZREMRANGEBYSCORE', KEYS[n + 1], '-inf', string.format('%.0f', now))
    redis.call('ZADD', KEYS[n + 1], string.format('%.0f', now + lifetime), id)
    -- The set lives as long as its longest lease, not its latest. PEXPIRE … GT would say so, but Redis 6.2 has none.
    redis.call('PEXPIRE', KEYS[n + 1], math.max(redis.call('PTTL', KEYS[n + 1]), math.ceil(lifetime / 1000)))
  end
end

for i = 1, #answer do answer[i] = math.floor(answer[i]) end
return { failing, math.ceil(wait), unpack(answer) }
