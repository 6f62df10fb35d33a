-- Says what waits for review on a shard.
--
-- KEYS[1]  the shard's review stream
-- Output   {number of messages that aren't settled, stream id of the oldest or ''}

local stream = KEYS[1]
local count = redis.call('XLEN', stream)
if count == 0 then return { 0, '' } end
return { count, redis.call('XRANGE', stream, '-', '+', 'COUNT', 1)[1][1] }
