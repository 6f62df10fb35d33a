-- Adds entries to a shard's stream and pushes them to its channel, in one atomic step. A message that has to be reviewed
-- goes to the shard's review stream and to the end of its sender's queue instead, and wakes the workers.
--
-- KEYS[1]    the shard's stream
-- KEYS[2]    the shard's review stream
-- KEYS[3..]  for each publish: the times of the last publishes of its room (microseconds, newest last);
--            when it is to be reviewed, then its sender's queue (elements: message id, review stream id)
-- ARGV[1]    the shard's channel
-- ARGV[2]    the channel that wakes workers
-- ARGV[3..]  for each publish: how many may pass in any second (0: any number);
--            '' or, when it may have run before, the least id (milliseconds) at which it can stand;
--            '' or, when it is to be reviewed, the most entries that may wait for review on the shard;
--            its number of entries (1 when it is to be reviewed); the entries
-- Output     for each publish: the stream id of its first entry,
--            or a number: refused by the rate, for that many microseconds from now; -1: too many wait for review
--
-- "Never more than N in any second" is exact: publish N+1 is refused until a second after publish 1, by one clock, and
-- ids carry that same time. One TIME counts for the whole run; XADD's own clock may be a tick later.

local stream, reviewStream, channel, wakeChannel = KEYS[1], KEYS[2], ARGV[1], ARGV[2]
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000000 + tonumber(time[2])
local nowMs = string.format('%.0f', math.floor(now / 1000))
local identityBytes, idAt, second, chunkSize = 37, 26, 1000000, 256
local pushed, hasReviews = {}, false

-- The publishes as tables: limit, since, most waiting, first and last index of the entries, rate key, queue.
local publishes = {}
local keyAt, argAt = 3, 3
while argAt <= #ARGV do
  local publish = {
    limit = tonumber(ARGV[argAt]),
    since = tonumber(ARGV[argAt + 1]),
    mostWaiting = tonumber(ARGV[argAt + 2]),
    first = argAt + 4,
    last = argAt + 3 + tonumber(ARGV[argAt + 3]),
    rate = KEYS[keyAt],
  }
  keyAt, argAt = keyAt + 1, publish.last + 1
  if publish.mostWaiting then
    publish.queue = KEYS[keyAt]
    keyAt = keyAt + 1
  end
  publishes[#publishes + 1] = publish
end

-- What a publish is found by: a reviewed message stands in the room's stream as another kind.
local function identityOf(publish)
  local from = publish.queue and 2 or 1
  return string.sub(ARGV[publish.first], from, identityBytes)
end

-- A reviewed message that an earlier run added is in its sender's queue until it is settled.
local function findQueued(publish)
  local id = string.sub(ARGV[publish.first], idAt, identityBytes)
  for _, element in ipairs(redis.call('LRANGE', publish.queue, 0, -1)) do
    if string.sub(element, 1, 12) == id then return string.sub(element, 13) end
  end
end

-- Finds what earlier runs of these publishes added: their replies were lost, not the entries. One walk for all of them:
-- after an outage they are many, and the stream of a busy shard is long.
local function findEarlier()
  local found, wanted, left, since, hasReviewed = {}, {}, 0, nil, false
  for _, publish in ipairs(publishes) do
    if publish.since then
      local identity = identityOf(publish)
      if publish.queue then
        found[identity] = findQueued(publish)
        hasReviewed = true
      end
      if not found[identity] then
        wanted[identity] = true
        left, since = left + 1, math.min(since or publish.since, publish.since)
      end
    end
  end
  local upper = '+'
  while left > 0 do
    local chunk = redis.call('XREVRANGE', stream, upper, string.format('%.0f', since), 'COUNT', chunkSize)
    for _, row in ipairs(chunk) do
      local identity = string.sub(row[2][2], 1, identityBytes)
      if hasReviewed and not wanted[identity] then identity = string.sub(identity, 2) end
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

local function append(to, ...)
  local id = redis.pcall('XADD', to, nowMs .. '-*', ...)
  -- The clock went back behind the last id: the stream goes on from that id.
  if type(id) == 'table' then id = redis.call('XADD', to, '*', ...) end
  return id
end

local function add(entry)
  local id = append(stream, 'e', entry)
  local ms, seq = string.match(id, '^(%d+)-(%d+)$')
  ms = tonumber(ms)
  local high = math.floor(ms / 4294967296)
  pushed[#pushed + 1] = struct.pack('>I4I4I4I4', #entry, high, ms - high * 4294967296, tonumber(seq))
  pushed[#pushed + 1] = entry
  return id
end

local function submit(publish)
  local entry = ARGV[publish.first]
  if redis.call('XLEN', reviewStream) >= publish.mostWaiting then return -1 end
  -- The queue stands beside the entry: it must go on even when nobody can read the entry.
  local id = append(reviewStream, 'e', entry, 'q', publish.queue)
  redis.call('RPUSH', publish.queue, string.sub(entry, idAt, identityBytes) .. id)
  hasReviews = true
  return id
end

local function run(publish)
  local limit = publish.limit
  local wait = limit > 0 and refusedFor(publish.rate, limit) or 0
  if wait > 0 then return wait end
  local reply
  if publish.queue then
    reply = submit(publish)
    if reply == -1 then return reply end
  else
    reply = add(ARGV[publish.first])
    for i = publish.first + 1, publish.last do add(ARGV[i]) end
  end
  if limit > 0 then take(publish.rate, limit) end
  return reply
end

local earlier, replies = findEarlier(), {}
for i, publish in ipairs(publishes) do
  replies[i] = publish.since and earlier[identityOf(publish)] or run(publish)
end
if #pushed > 0 then redis.call('SPUBLISH', channel, table.concat(pushed)) end
if hasReviews then redis.call('SPUBLISH', wakeChannel, '') end
return replies
