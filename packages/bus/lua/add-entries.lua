-- What every script begins with that adds entries to a shard's stream; scripts.ts puts it in front of them.
--
-- Where an entry is logged is one text: `<records that may wait in a queue> <targets>`. A target is `<b, d or e><configuration
-- 12>`, whose queue it is and what is to happen when that is full: `b`, the publish is refused; `d`, the oldest records go;
-- `e`, it exceeds the limit.
-- The keys that belong to it: the shard's set of log queues that have records, <account><configuration>; its counts of
-- records dropped, by the same; and the queue of each target.
--
-- Most entries are not logged, and cost nothing for it.

local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000000 + tonumber(time[2])
local nowMs = string.format('%.0f', math.floor(now / 1000))
local pushed, frameLetter = {}, 70

-- One TIME counts for the whole run; XADD's own clock may be a tick later.
local function append(to, ...)
  local id = redis.pcall('XADD', to, nowMs .. '-*', ...)
  -- The clock went back behind the last id: the stream goes on from that id.
  if type(id) == 'table' then id = redis.call('XADD', to, '*', ...) end
  return id
end

-- Reads where an entry is logged: {most = records that may wait in a queue, targets, waiting, dropped}, the last two being
-- the first of its keys. They begin at KEYS[keyAt], and are two more than the targets.
local function readLogs(text, keyAt)
  local space = string.find(text, ' ', 1, true)
  local logs = { most = tonumber(string.sub(text, 1, space - 1)), targets = {} }
  logs.waiting, logs.dropped = KEYS[keyAt], KEYS[keyAt + 1]
  for from = space + 1, #text, 13 do
    local letter, configuration = string.sub(text, from, from), string.sub(text, from + 1, from + 12)
    local target = { blocks = letter == 'b', drops = letter == 'd', configuration = configuration }
    logs.targets[#logs.targets + 1] = target
    target.queue = KEYS[keyAt + 1 + #logs.targets]
  end
  return logs
end

-- Notes whose queues they are, in one call: of the same room all entries have the same owners.
local function noteWaiting(entry, logs)
  local owners = {}
  for i, target in ipairs(logs.targets) do owners[i] = string.sub(entry, 2, 13) .. target.configuration end
  redis.call('SADD', logs.waiting, unpack(owners))
  logs.owners = owners
end

-- Adds a frame to the queues of its logs, under the id that it has in the shard's stream.
local function logFrame(id, entry, logs)
  if not logs.owners then noteWaiting(entry, logs) end
  for i, target in ipairs(logs.targets) do
    local queue = target.queue
    local added = redis.pcall('XADD', queue, id, 'e', entry)
    -- The shard's stream was lost and its ids went back; the queue was not.
    if type(added) == 'table' then redis.call('XADD', queue, '*', 'e', entry) end
    if target.drops and redis.call('XLEN', queue) > logs.most then
      redis.call('HINCRBY', logs.dropped, logs.owners[i], redis.call('XTRIM', queue, 'MAXLEN', logs.most))
    end
  end
end

-- Adds an entry to the stream and, when it is a frame and has logs, to those.
local function add(stream, entry, logs)
  local id = append(stream, 'e', entry)
  local ms, seq = string.match(id, '^(%d+)-(%d+)$')
  ms = tonumber(ms)
  local high = math.floor(ms / 4294967296)
  pushed[#pushed + 1] = struct.pack('>I4I4I4I4', #entry, high, ms - high * 4294967296, tonumber(seq))
  pushed[#pushed + 1] = entry
  if logs and string.byte(entry) == frameLetter then logFrame(id, entry, logs) end
  return id
end
