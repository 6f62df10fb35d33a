-- Settles a reviewed message: keeps its verdict, takes it out of the review stream, and hands to the room what the
-- sender's queue has settled at its head. One atomic step, and only the first verdict of a message counts. A message that
-- nobody can read has no verdict: it goes to a stream of its own, and its sender's queue goes on without it.
--
-- KEYS[1]  the shard's review stream
-- KEYS[2]  the shard's stream
-- KEYS[3]  the shard's kept verdicts: review stream id to the entry for the room, while an earlier message of the
--          sender isn't settled; and beside it where it is logged, if it is
-- KEYS[4]  the sender's queue (elements: message id, review stream id)
-- KEYS[5]  the shard's messages that nobody can read
-- KEYS[6..] the keys that add-entries.lua names, when a log queue may be needed
-- ARGV[1]  the shard's channel
-- ARGV[2]  the consumer group
-- ARGV[3]  the message's id in the review stream
-- ARGV[4]  the verdict: the entry for the room, a frame or a reply; '' when nobody can read the message
-- ARGV[5]  '' or where the verdict is logged (add-entries.lua), for one that is a frame; that its queue isn't full was
--          seen to when the message was submitted
-- ARGV[6..]  whose the queues among the keys are: configurations
-- Output   1: settled by this run; 0: it was settled before; or, when what is settled behind this message in its sender's
--          queue has logs whose queues aren't among the keys, their configurations: nothing was done, run again with them
--
-- The order of one sender is that of its queue, whichever worker is faster. Other senders wait for nobody.

local reviewStream, stream, verdicts, queue, dead = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local channel, group, reviewId, verdict = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
local idBytes, identityBytes = 12, 37
local mostDead, deadMs = 100, 7 * 24 * 3600 * 1000

local logKeysAt, queues = 6, {}
for i = 6, #ARGV do queues[ARGV[i]] = KEYS[i + 2] end

local function isWaiting(id)
  return #redis.call('XRANGE', reviewStream, id, id, 'COUNT', 1) > 0
end

-- The field beside a kept verdict that says where it is logged, if it is.
local function logsField(id)
  return id .. ':logs'
end

local function keep()
  redis.call('HSET', verdicts, reviewId, verdict)
  if ARGV[5] ~= '' then redis.call('HSET', verdicts, logsField(reviewId), ARGV[5]) end
end

local function keptLogs(id)
  return redis.call('HGET', verdicts, logsField(id)) or ''
end

local function addVerdict(entry, logsText)
  local logs = logsText ~= '' and readLogs(logsText, logKeysAt) or nil
  if logs then
    -- Among the keys the queues stand in an order of their own.
    for _, target in ipairs(logs.targets) do target.queue = queues[target.configuration] end
  end
  add(stream, entry, logs)
end

local function addMissing(logsText, missing)
  if logsText == '' then return end
  for _, target in ipairs(readLogs(logsText, logKeysAt).targets) do
    if not queues[target.configuration] then missing[#missing + 1] = target.configuration end
  end
end

-- The configurations whose queues are missing for what advance() is going to add.
local function missingQueues()
  local missing, i = {}, 0
  -- Usually no verdict waits.
  local head = redis.call('EXISTS', verdicts) == 1 and redis.call('LINDEX', queue, i)
  while head do
    local id = string.sub(head, idBytes + 1)
    addMissing(keptLogs(id), missing)
    if id ~= reviewId and isWaiting(id) then return missing end
    i = i + 1
    head = redis.call('LINDEX', queue, i)
  end
  return missing
end

-- Adds what is settled at the head of the queue, up to the first message that still waits. An element whose message is
-- neither settled nor waiting was lost with its entry; it must not hold up its sender for ever.
local function advance()
  while true do
    local head = redis.call('LINDEX', queue, 0)
    if not head then return end
    local id = string.sub(head, idBytes + 1)
    local kept = redis.call('HGET', verdicts, id)
    if kept then
      addVerdict(kept, keptLogs(id))
      redis.call('HDEL', verdicts, id, logsField(id))
    elseif isWaiting(id) then
      return
    end
    redis.call('LPOP', queue)
  end
end

local function element()
  return string.sub(verdict, identityBytes - idBytes + 1, identityBytes) .. reviewId
end

local function bury()
  local fields = redis.call('XRANGE', reviewStream, reviewId, reviewId)[1][2]
  redis.call('XADD', dead, 'MAXLEN', mostDead, '*', unpack(fields))
  redis.call('PEXPIRE', dead, deadMs)
end

if not isWaiting(reviewId) then return 0 end
local missing = missingQueues()
if #missing > 0 then return missing end
if verdict == '' then bury() end
redis.call('XACK', reviewStream, group, reviewId)
redis.call('XDEL', reviewStream, reviewId)
if verdict == '' then
  advance()
elseif redis.call('LPOS', queue, element()) then
  keep()
  advance()
else
  -- The queue lost it: better out of order than never.
  addVerdict(verdict, ARGV[5])
end
if #pushed > 0 then redis.call('SPUBLISH', channel, table.concat(pushed)) end
return 1
