-- Finds the frames of some rooms in a part of their shard's stream, from its end backwards.
--
-- KEYS[1]    the shard's stream
-- ARGV[1]    where to begin: '+', or '(' and the id before which
-- ARGV[2]    where to end: '-', or '(' and the id behind which
-- ARGV[3]    how many entries are looked at, at most
-- ARGV[4..]  the rooms: `f<id>` when its frames are wanted, `c<id>` when they are only counted
-- Output     {number of entries looked at, id of the last one or '', for each frame found its id and the entry}; of frames that
--            are only counted the entry's body is left out

local identityBytes, frameLetter = 37, 70
local wanted = {}
for i = 4, #ARGV do wanted[string.sub(ARGV[i], 2)] = string.sub(ARGV[i], 1, 1) end

local rows = redis.call('XREVRANGE', KEYS[1], ARGV[1], ARGV[2], 'COUNT', ARGV[3])
local found = { #rows, #rows > 0 and rows[#rows][1] or '' }
local count = 2
for _, row in ipairs(rows) do
  local entry = row[2][2]
  local how = wanted[string.sub(entry, 14, 25)]
  if how and string.byte(entry) == frameLetter then
    found[count + 1] = row[1]
    found[count + 2] = how == 'f' and entry or string.sub(entry, 1, identityBytes)
    count = count + 2
  end
end
return found
