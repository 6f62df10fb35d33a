-- Writes the records of connections that users have, or had, in rooms, takes them out, and reads them. Keys live as long as
-- the last record of theirs.
-- KEYS[i]       a user's records in a room: hash of `<gateway id>/<connection number>` to a record, which begins with its end in
--               milliseconds since the epoch and a space; and of `erased` to a stream id (publish-entries-n.lua)
-- ARGV[1]       now, milliseconds since the epoch: what ended before is dropped
-- ARGV[3i-1]    the connection whose record to write or to take out; '' to read
-- ARGV[3i]      its record; '' to take it out; with `?` in front: to be written only where there is one
-- ARGV[3i+1]    connections whose records go with it, with a space between them
-- Output: for each read, in their order, fields and values one after the other
local now = tonumber(ARGV[1])
local found = {}

local function endOf(record)
  return string.match(record, '^%d+')
end

local function dropEnded(key)
  local flat = redis.call('HGETALL', key)
  for i = 1, #flat, 2 do
    local isRecord = string.find(flat[i], '/', 1, true)
    if isRecord and tonumber(endOf(flat[i + 1])) <= now then redis.call('HDEL', key, flat[i]) end
  end
end

local function write(key, member, record)
  if string.sub(record, 1, 1) == '?' then
    if redis.call('HEXISTS', key, member) == 0 then return end
    record = string.sub(record, 2)
  end
  redis.call('HSET', key, member, record)
  local ends = endOf(record)
  if redis.call('HLEN', key) == 1 then
    -- Alone, as nearly all are.
    redis.call('PEXPIREAT', key, ends)
  else
    redis.call('PEXPIREAT', key, ends, 'GT')
    dropEnded(key)
  end
end

for i, key in ipairs(KEYS) do
  local member, record, returned = ARGV[3 * i - 1], ARGV[3 * i], ARGV[3 * i + 1]
  if member == '' then
    found[#found + 1] = redis.call('HGETALL', key)
  else
    for lost in string.gmatch(returned, '%S+') do redis.call('HDEL', key, lost) end
    if record == '' then
      redis.call('HDEL', key, member)
    else
      write(key, member, record)
    end
  end
end
return found
