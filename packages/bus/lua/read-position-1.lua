-- Says where a shard's stream ends, and whether a reader's position is still a place in it.
--
-- KEYS[1]  the shard's stream
-- ARGV[1]  the reader's position, a stream id, or '' when it has none
-- ARGV[2]  identity (kind, account, room, id) of the entry at that position, or '' when unknown
-- Output   {last id ever given, entries ever added, entries now, id of the first entry or '',
--           1 when the entry at the position is the reader's, else 0, identity of the last entry or ''}

local stream, position, identity = KEYS[1], ARGV[1], ARGV[2]
local identityBytes = 37
if redis.call('EXISTS', stream) == 0 then return { '0-0', 0, 0, '', 0, '' } end

local info = {}
local flat = redis.call('XINFO', 'STREAM', stream)
for i = 1, #flat, 2 do info[flat[i]] = flat[i + 1] end

local isThere = 0
if position ~= '' then
  local found = redis.call('XRANGE', stream, position, position, 'COUNT', 1)[1]
  if found and (identity == '' or string.sub(found[2][2], 1, identityBytes) == identity) then isThere = 1 end
end
local first, last = info['first-entry'], info['last-entry']
return {
  info['last-generated-id'],
  info['entries-added'],
  info['length'],
  first and first[1] or '',
  isThere,
  last and last[1] == info['last-generated-id'] and string.sub(last[2][2], 1, identityBytes) or '',
}
