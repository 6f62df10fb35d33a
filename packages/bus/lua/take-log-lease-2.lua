#!lua flags=allow-oom
-- Takes the lease of a shard's logs when nobody has it.
-- May be run while the memory of Redis is full: records that are shipped are what frees it.
--
-- KEYS[1]  the shard's log lease, `<shipper>:<fence>`
-- KEYS[2]  the number of its last lease
-- ARGV[1]  the shipper
-- ARGV[2]  milliseconds until it expires unless it is renewed
-- Output   the lease, or '' when another shipper has it
--
-- A shipper that asks has none, as far as it knows: one of its own is left from a run whose reply was lost.

local lease, fence, shipper, leaseMs = KEYS[1], KEYS[2], ARGV[1], ARGV[2]
local current = redis.call('GET', lease)
if current and string.sub(current, 1, #shipper + 1) ~= shipper .. ':' then return '' end
local value = string.format('%s:%.0f', shipper, redis.call('INCR', fence))
redis.call('SET', lease, value, 'PX', leaseMs)
return value
