-- Adds entries to a shard's stream and pushes them to its channel, in one atomic step.
--
-- KEYS[1]    the shard's stream
-- KEYS[1+i]  the times of the last publishes of publish i's room (microseconds, newest last)
-- ARGV[1]    the shard's channel
-- ARGV[2..]  for each publish: how many may pass in any second (0: any number);
--            '' or, when it may have run before, the least id (milliseconds) at which it can stand;
--            its number of entries; the entries
-- Output     for each publish: the stream id of its first entry,
--            or a number: refused by the rate, for that many microseconds from now
--
-- "Never more than N in any second" is exact: publish N+1 is refused until a second after publish 1, by one clock, and
-- ids carry that same time. One TIME counts for the whole run; XADD's own clock may be a tick later.

local stream, channel = KEYS[1], ARGV[1]
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000000 + tonumber(time[2])
local nowMs = string.format('%.0f', math.floor(now / 1000))
local identityBytes, second, chunkSize = 37, 1000000, 256
local pushed = {}

-- Finds what earlier runs of these publishes added: their replies were lost, not the entries. One walk for all of them:
-- after an outage they are many, and the stream of a busy shard is long.
local function findEarlier()
  local found, wanted, left, since = {}, {}, 0, nil
  local at = 2
  for _ = 1, #KEYS - 1 do
    local from = tonumber(ARGV[at + 1])
    if from then
      wanted[string.sub(ARGV[at + 3], 1, identityBytes)] = true
      left, since = left + 1, math.min(since or from, from)
    end
    at = at + 3 + tonumber(ARGV[at + 2])
  end
  local upper = '+'
  while left > 0 do
    local chunk = redis.call('XREVRANGE', stream, upper, string.format('%.0f', since), 'COUNT', chunkSize)
    for _, row in ipairs(chunk) do
      local identity = string.sub(row[2][2], 1, identityBytes)
      if wanted[identity] and not found[identity] then
        found[identity], left = row[1], left - 1
      end
    end
    if #chunk < chunkSize then break end
    upper = '(' .. chunk[#chunk][1]
  end
  return found
end

-- After a failover to a master whose clock is behind, times lie in the future: they count as now.
local function clampTimes(key)
  local times = redis.call('LRANGE', key, 0, -1)
  redis.call('DEL', key)
  for _, at in ipairs(times) do
    redis.call('RPUSH', key, string.format('%.0f', math.min(tonumber(at), now)))
  end
end

-- Microseconds until one more publish fits, 0 when it fits now.
local function refusedFor(key, limit)
  local at = redis.call('LINDEX', key, -limit)
  if not at then return 0 end
  local wait = tonumber(at) + second - now
  if wait > second then
    clampTimes(key)
    wait = second
  end
  return math.max(wait, 0)
end

local function take(key, limit)
  redis.call('RPUSH', key, string.format('%.0f', now))
  redis.call('LTRIM', key, -limit, -1)
  redis.call('PEXPIRE', key, 2000)
end

local function add(entry)
  local id = redis.pcall('XADD', stream, nowMs .. '-*', 'e', entry)
  -- The clock went back behind the last id: the stream goes on from that id.
  if type(id) == 'table' then id = redis.call('XADD', stream, '*', 'e', entry) end
  local ms, seq = string.match(id, '^(%d+)-(%d+)$')
  ms = tonumber(ms)
  local high = math.floor(ms / 4294967296)
  pushed[#pushed + 1] = struct.pack('>I4I4I4I4', #entry, high, ms - high * 4294967296, tonumber(seq))
  pushed[#pushed + 1] = entry
  return id
end

local earlier, replies, at = findEarlier(), {}, 2
for publish = 1, #KEYS - 1 do
  local limit, isRetried, count = tonumber(ARGV[at]), ARGV[at + 1] ~= '', tonumber(ARGV[at + 2])
  local first = at + 3
  at = first + count
  local reply = isRetried and earlier[string.sub(ARGV[first], 1, identityBytes)] or nil
  if not reply then
    local wait = limit > 0 and refusedFor(KEYS[1 + publish], limit) or 0
    if wait > 0 then
      reply = wait
    else
      reply = add(ARGV[first])
      for i = first + 1, at - 1 do add(ARGV[i]) end
      if limit > 0 then take(KEYS[1 + publish], limit) end
    end
  end
  replies[publish] = reply
end
if #pushed > 0 then redis.call('SPUBLISH', channel, table.concat(pushed)) end
return replies
