-- Says how large streams of one shard are.
--
-- KEYS[..]  streams
-- Output    for each {number of entries, id of the oldest or '', bytes of memory as Redis estimates them}

local figures = {}
for at, stream in ipairs(KEYS) do
  local count = redis.call('XLEN', stream)
  if count == 0 then
    figures[at] = { 0, '', 0 }
  else
    local oldest = redis.call('XRANGE', stream, '-', '+', 'COUNT', 1)[1][1]
    figures[at] = { count, oldest, redis.call('MEMORY', 'USAGE', stream) }
  end
end
return figures
