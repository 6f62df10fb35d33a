-- Says where a shard's stream ends, and whether the positions of readers are still places in it.
--
-- KEYS[1]      the shard's stream
-- ARGV[2i-1]   a reader's position, a stream id, or '' when it has none
-- ARGV[2i]     identity (kind, account, room, id) of the entry at that position, or '' when unknown
-- Output       {last id ever given, entries ever added, entries now, id of the first entry or '', identity of the last entry or '',
--              for each position 1 when the entry there is the reader's, else 0}

local stream, identityBytes = KEYS[1], 37
local state = { '0-0', 0, 0, '', '' }
local exists = redis.call('EXISTS', stream) == 1

if exists then
  local info = {}
  local flat = redis.call('XINFO', 'STREAM', stream)
  for i = 1, #flat, 2 do info[flat[i]] = flat[i + 1] end
  local first, last = info['first-entry'], info['last-entry']
  local isThere = last and last[1] == info['last-generated-id']
  state = {
    info['last-generated-id'],
    info['entries-added'],
    info['length'],
    first and first[1] or '',
    isThere and string.sub(last[2][2], 1, identityBytes) or '',
  }
end

local function isThere(position, identity)
  if not exists or position == '' then return 0 end
  local found = redis.call('XRANGE', stream, position, position, 'COUNT', 1)[1]
  return found and (identity == '' or string.sub(found[2][2], 1, identityBytes) == identity) and 1 or 0
end

for i = 1, #ARGV, 2 do state[#state + 1] = isThere(ARGV[i], ARGV[i + 1]) end
return state
