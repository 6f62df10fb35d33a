-- Adds entries to the streams of shards and pushes them to their channels, in one atomic step. A message that has to be
-- reviewed goes to the shard's review stream and to the end of its sender's queue instead, and wakes the workers.
-- A publish that ends with the disconnect of a user erases his records in the room: he is not to come back to what was said before.
-- On a Cluster a run is for one shard, since its keys are on one master.
--
-- For each shard:
-- KEYS       the shard's stream;
--            the shard's review stream;
--            for each publish: the times of the last publishes of its room (microseconds, newest last);
--            when it is to be reviewed, then its sender's queue (elements: message id, review stream id);
--            when it is to be logged, then the keys that add-entries.lua names;
--            when its last entry is a disconnect, then the user's records in the room (user-records-n.lua)
-- ARGV       the shard's channel;
--            the channel that wakes workers;
--            the number of publishes;
--            for each publish: how many may pass in any second (0: any number);
--            '' or, when it may have run before, the least id (milliseconds) at which it can stand;
--            '' or, when it is to be reviewed, the most entries that may wait for review on the shard;
--            its number of entries (1 when it is to be reviewed) and, when it is to be logged, behind a space, where
--            (add-entries.lua); the entries
-- Output     for each publish of all shards: the stream id of its first entry,
--            or a number: refused by the rate, for that many microseconds from now; -1: too many wait for review;
--            -2, -3, ..: the queue of its first, second, .. log target is full. What is refused
--            adds nothing and takes nothing from the rate
--
-- "Never more than N in any second" is exact: publish N+1 is refused until a second after publish 1, by one clock, and
-- ids carry that same time.

local identityBytes, idAt, second, chunkSize, disconnectLetter = 37, 26, 1000000, 256, 68
-- Longer than any record of a lost connection lives.
local erasedMs = 900000
local keyAt, argAt = 1, 1

-- The shard at hand, and its publishes as tables: limit, since, most waiting, first and last index of the entries, rate
-- key, queue, logs, records.
local stream, reviewStream, channel, wakeChannel, publishes, hasReviews

local function readPublish()
  local entries = ARGV[argAt + 3]
  local count = tonumber(entries)
  local publish = {
    limit = tonumber(ARGV[argAt]),
    since = tonumber(ARGV[argAt + 1]),
    mostWaiting = tonumber(ARGV[argAt + 2]),
    first = argAt + 4,
    rate = KEYS[keyAt],
  }
  keyAt = keyAt + 1
  if publish.mostWaiting then
    publish.queue = KEYS[keyAt]
    keyAt = keyAt + 1
  end
  if not count then
    local space = string.find(entries, ' ', 1, true)
    count = tonumber(string.sub(entries, 1, space - 1))
    publish.logs = readLogs(string.sub(entries, space + 1), keyAt)
    keyAt = keyAt + 2 + #publish.logs.targets
  end
  publish.last = argAt + 3 + count
  if string.byte(ARGV[publish.last]) == disconnectLetter then
    publish.records = KEYS[keyAt]
    keyAt = keyAt + 1
  end
  argAt = publish.last + 1
  return publish
end

local function readShard()
  stream, reviewStream = KEYS[keyAt], KEYS[keyAt + 1]
  channel, wakeChannel = ARGV[argAt], ARGV[argAt + 1]
  local count = tonumber(ARGV[argAt + 2])
  keyAt, argAt = keyAt + 2, argAt + 3
  publishes, hasReviews, pushed = {}, false, {}
  for i = 1, count do publishes[i] = readPublish() end
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

-- -2, -3, .. when the publish would put too many records into a queue that blocks, nil when it fits.
local function refusedByLog(publish)
  local frames = publish.queue and 1 or 0
  for i = publish.first, publish.last do
    if string.byte(ARGV[i]) == frameLetter then frames = frames + 1 end
  end
  if frames == 0 then return nil end
  for i, target in ipairs(publish.logs.targets) do
    if target.blocks and redis.call('XLEN', target.queue) + frames > publish.logs.most then return -1 - i end
  end
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

-- What others write later about connections that they don't know to be ended counts from here on only.
local function erase(records, id)
  redis.call('DEL', records)
  redis.call('HSET', records, 'erased', id)
  redis.call('PEXPIRE', records, erasedMs)
end

local function run(publish)
  local limit = publish.limit
  local wait = limit > 0 and refusedFor(publish.rate, limit) or 0
  if wait > 0 then return wait end
  local full = publish.logs and refusedByLog(publish)
  if full then return full end
  local reply
  if publish.queue then
    reply = submit(publish)
    if reply == -1 then return reply end
  else
    reply = add(stream, ARGV[publish.first], publish.logs)
    local last = reply
    for i = publish.first + 1, publish.last do last = add(stream, ARGV[i], publish.logs) end
    if publish.records then erase(publish.records, last) end
  end
  if limit > 0 then take(publish.rate, limit) end
  return reply
end

local replies = {}
while argAt <= #ARGV do
  readShard()
  local earlier = findEarlier()
  for _, publish in ipairs(publishes) do
    replies[#replies + 1] = publish.since and earlier[identityOf(publish)] or run(publish)
  end
  if #pushed > 0 then redis.call('SPUBLISH', channel, table.concat(pushed)) end
  if hasReviews then redis.call('SPUBLISH', wakeChannel, '') end
end
return replies
