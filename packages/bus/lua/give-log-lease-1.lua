-- Gives up the lease of a shard's logs.
--
-- KEYS[1]  the shard's log lease
-- ARGV[1]  the lease that the shipper has
-- Output   1: it is free now; 0: it was another one

if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('DEL', KEYS[1])
return 1
