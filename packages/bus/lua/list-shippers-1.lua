#!lua flags=allow-oom
-- Notes that a log shipper lives, forgets those that haven't been heard of, and lists the others.
-- May be run while the memory of Redis is full: records that are shipped are what frees it.
--
-- KEYS[1]  the shippers, by until when they count as living (milliseconds)
-- ARGV[1]  the shipper
-- ARGV[2]  it counts as living for this many milliseconds; 0: it signs off
-- Output   the shippers that live

local shippers, shipper, aliveMs = KEYS[1], ARGV[1], tonumber(ARGV[2])
local time = redis.call('TIME')
local nowMs = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
if aliveMs == 0 then
  redis.call('ZREM', shippers, shipper)
else
  -- Until when, rather than when: each shipper says for itself how long that is.
  redis.call('ZADD', shippers, string.format('%.0f', nowMs + aliveMs), shipper)
end
-- After a failover to a master whose clock is behind, the dead would live for as long as it is behind.
local mostMs = string.format('%.0f', nowMs + math.max(aliveMs, 60000))
for _, ahead in ipairs(redis.call('ZRANGEBYSCORE', shippers, '(' .. mostMs, '+inf')) do
  redis.call('ZADD', shippers, mostMs, ahead)
end
redis.call('ZREMRANGEBYSCORE', shippers, '-inf', string.format('%.0f', nowMs))
return redis.call('ZRANGE', shippers, 0, -1)
