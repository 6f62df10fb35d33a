-- Removes the entries of a shard's stream that are older than the retention, by the clock of Redis.
--
-- KEYS[1]  the shard's stream
-- ARGV[1]  retention in milliseconds
-- Output   number of entries removed

local time = redis.call('TIME')
local nowMs = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
local least = math.max(nowMs - tonumber(ARGV[1]), 0)
return redis.call('XTRIM', KEYS[1], 'MINID', string.format('%.0f', least))
