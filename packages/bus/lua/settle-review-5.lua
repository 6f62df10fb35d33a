-- Settles a reviewed message: keeps its verdict, takes it out of the review stream, and hands to the room what the
-- sender's queue has settled at its head. One atomic step, and only the first verdict of a message counts. A message that
-- nobody can read has no verdict: it goes to a stream of its own, and its sender's queue goes on without it.
--
-- KEYS[1]  the shard's review stream
-- KEYS[2]  the shard's stream
-- KEYS[3]  the shard's kept verdicts: review stream id to the entry for the room, while an earlier message of the
--          sender isn't settled
-- KEYS[4]  the sender's queue (elements: message id, review stream id)
-- KEYS[5]  the shard's messages that nobody can read
-- ARGV[1]  the shard's channel
-- ARGV[2]  the consumer group
-- ARGV[3]  the message's id in the review stream
-- ARGV[4]  the verdict: the entry for the room, a frame or a reply; '' when nobody can read the message
-- Output   1: settled by this run; 0: it was settled before
--
-- The order of one sender is that of its queue, whichever worker is faster. Other senders wait for nobody.

local reviewStream, stream, verdicts, queue, dead = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local channel, group, reviewId, verdict = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
local time = redis.call('TIME')
local nowMs = string.format('%.0f', tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000))
local idBytes, identityBytes = 12, 37
local mostDead, deadMs = 100, 7 * 24 * 3600 * 1000
local pushed = {}

local function isWaiting(id)
  return #redis.call('XRANGE', reviewStream, id, id, 'COUNT', 1) > 0
end

-- As in publish-entries-n.lua.
local function add(entry)
  local id = redis.pcall('XADD', stream, nowMs .. '-*', 'e', entry)
  if type(id) == 'table' then id = redis.call('XADD', stream, '*', 'e', entry) end
  local ms, seq = string.match(id, '^(%d+)-(%d+)$')
  ms = tonumber(ms)
  local high = math.floor(ms / 4294967296)
  pushed[#pushed + 1] = struct.pack('>I4I4I4I4', #entry, high, ms - high * 4294967296, tonumber(seq))
  pushed[#pushed + 1] = entry
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
      redis.call('HDEL', verdicts, id)
      add(kept)
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
if verdict == '' then bury() end
redis.call('XACK', reviewStream, group, reviewId)
redis.call('XDEL', reviewStream, reviewId)
if verdict == '' then
  advance()
elseif redis.call('LPOS', queue, element()) then
  redis.call('HSET', verdicts, reviewId, verdict)
  advance()
else
  -- The queue lost it: better out of order than never.
  add(verdict)
end
if #pushed > 0 then redis.call('SPUBLISH', channel, table.concat(pushed)) end
return 1
