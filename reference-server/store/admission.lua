-- Admits one call or none of it: every budget is checked first, and written only if all pass, so a refusal costs no budget. One
-- script, one round trip. The clock is Redis' own (TIME), so instances need not agree on theirs. All times are µs.
--
-- Three sorts of budget, counted one after the other as 1…:
--   bucket  GCRA, one number a key: the theoretical arrival time (TAT); the wait is exact
--   window  sliding-window counter: a hash of the present and the previous count; the previous one fades with the time passed
--   lease   a set of running calls, score = expiry, so those of a killed server end by themselves; the wait is the caller's guess
-- Last comes the replay bucket: where buckets or windows refuse, a call whose marker is there (its write was committed) is
-- admitted on that one instead.
--
-- KEYS  buckets, windows, leases, marker and replay bucket, then the line of each shared bucket
-- ARGV  counts of buckets, windows, leases; whether there is a replay; who asks
--       bucket: interval, burst, its line's place among KEYS (0: not shared) · window: limit, size
--       lease: limit, id, lifetime, wait · replay: interval, burst
-- Gives { failing budget (0: admitted), wait, whether by replay, then what is left and time until whole of each bucket and window }
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local buckets, windows, leases = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local hasReplay, asker = ARGV[4] == '1', ARGV[5]
local arg, key = 5, 0
local failing, wait = 0, 0
local writes, answer = {}, {}
local LINE_AHEAD = 60000000

local function take()
  arg = arg + 1
  return tonumber(ARGV[arg])
end

local function digits(number)
  return string.format('%.0f', number)
end

local function refuse(budget, over)
  if over > wait then failing, wait = budget, over end
end

-- { over, the TAT if admitted, TAT as it is }
local function bucket(name, interval, burst)
  -- No TAT lies further ahead than a full burst: one that does was written under other limits, or by a clock that went back.
  local stored = math.min(tonumber(redis.call('GET', name) or '0'), now + interval * burst)
  local free = math.max(stored, now)
  return free + interval - now - interval * burst, free + interval, free
end

local function charge(name, tat)
  redis.call('SET', name, digits(tat), 'PX', math.ceil((tat - now) / 1000))
end

-- Many may wait for one place of a shared bucket: each asker refused gets a turn of its own, one interval after the last. Who asks
-- again keeps its turn. It is advice, no reservation. Turns reach a minute ahead at most; beyond, they are strewn over that minute.
local function turn(line, over, interval)
  redis.call('ZREMRANGEBYSCORE', line, '-inf', digits(now))
  local mine = tonumber(redis.call('ZSCORE', line, asker) or '')
  if not mine then
    local last = tonumber(redis.call('ZRANGE', line, -1, -1, 'WITHSCORES')[2] or '0')
    mine = math.max(now + over, last + interval)
    if mine > now + LINE_AHEAD then mine = now + over + (LINE_AHEAD - math.min(over, LINE_AHEAD)) * time[2] / 1000000 end
    redis.call('ZADD', line, digits(mine), asker)
    redis.call('PEXPIRE', line, LINE_AHEAD / 1000)
  end
  return math.max(over, mine - now)
end

local lines = {}
for i = 1, buckets do
  key = key + 1
  local name, interval, burst, line = KEYS[key], take(), take(), take()
  local over, tat, free = bucket(name, interval, burst)
  if over > 0 then
    refuse(i, over)
    if line > 0 then lines[#lines + 1] = { i, KEYS[line], over, interval } end
  end
  local left = math.floor(burst - (free - now) / interval + 0.000001)
  answer[#answer + 1] = left
  answer[#answer + 1] = free - now
  writes[#writes + 1] = function()
    charge(name, tat)
    answer[2 * i - 1], answer[2 * i] = left - 1, tat - now
  end
end

for i = buckets + 1, buckets + windows do
  key = key + 1
  local name, limit, size = KEYS[key], take(), take()
  local index, passed = math.floor(now / size), now % size
  local stored = redis.call('HMGET', name, 'index', 'present', 'previous')
  local at, present, previous = tonumber(stored[1] or '0'), tonumber(stored[2] or '0'), tonumber(stored[3] or '0')
  if at == index - 1 then present, previous = 0, present
  elseif at < index - 1 then present, previous = 0, 0 end
  local used = present + previous * (1 - passed / size)
  if used + 1 > limit + 0.000001 then
    -- Until enough of the previous window has faded, or of this one in the next.
    if present + 1 <= limit then refuse(i, math.ceil(size * (1 - (limit - 1 - present) / previous) - passed) + 1)
    else refuse(i, math.ceil(size - passed + math.max(0, size * (1 - (limit - 1) / present))) + 1) end
  end
  answer[#answer + 1] = math.floor(limit - used + 0.000001)
  answer[#answer + 1] = present > 0 and 2 * size - passed or previous > 0 and size - passed or 0
  writes[#writes + 1] = function()
    redis.call('HSET', name, 'index', digits(index), 'present', present + 1, 'previous', previous)
    redis.call('PEXPIRE', name, math.ceil(2 * size / 1000))
    answer[2 * i - 1], answer[2 * i] = math.floor(limit - used - 1 + 0.000001), 2 * size - passed
  end
end

local rateFailing, rateWait = failing, wait
failing, wait = 0, 0
local holds = {}
for i = buckets + windows + 1, buckets + windows + leases do
  key, arg = key + 1, arg + 4
  local name, limit, id = KEYS[key], tonumber(ARGV[arg - 3]), ARGV[arg - 2]
  local lifetime, guess = tonumber(ARGV[arg - 1]), tonumber(ARGV[arg])
  local held = redis.call('ZCOUNT', name, '(' .. digits(now), '+inf')
  -- A wait of nothing would count as admitted.
  if held >= limit then refuse(i, math.max(guess, 1000)) end
  holds[#holds + 1] = function()
    redis.call('ZREMRANGEBYSCORE', name, '-inf', digits(now))
    redis.call('ZADD', name, digits(now + lifetime), id)
    -- The set lives as long as its longest lease, not its latest. PEXPIRE … GT would say so, but Redis 6.2 has none.
    redis.call('PEXPIRE', name, math.max(redis.call('PTTL', name), math.ceil(lifetime / 1000)))
  end
end

local replayed = 0
if rateFailing > 0 and hasReplay and redis.call('EXISTS', KEYS[key + 1]) == 1 then
  local over, tat = bucket(KEYS[key + 2], take(), take())
  if over > 0 then refuse(buckets + windows + leases + 1, over) end
  replayed = 1
  writes = { function() charge(KEYS[key + 2], tat) end }
elseif rateFailing > 0 then
  refuse(rateFailing, rateWait)
  for _, line in ipairs(lines) do refuse(line[1], turn(line[2], line[3], line[4])) end
end

if failing == 0 then
  for _, write in ipairs(writes) do write() end
  for _, hold in ipairs(holds) do hold() end
end

for i = 1, #answer do answer[i] = math.max(0, math.floor(answer[i])) end
return { failing, math.ceil(wait), replayed, unpack(answer) }
