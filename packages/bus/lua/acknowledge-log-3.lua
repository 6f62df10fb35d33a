-- Removes the records of a log queue that are shipped, if the shipper still has the shard's lease.
--
-- KEYS[1]  the shard's log lease
-- KEYS[2]  the queue
-- KEYS[3]  the shard's set of log queues that have records
-- ARGV[1]  the lease that the shipper has
-- ARGV[2]  the id of the last record that is shipped
-- ARGV[3]  whose the queue is, as in the set
-- Output   1, or 0 when the lease is another one: nothing was removed
--
-- A queue that has lost that record has it behind it already, or has lost its end in a failover: then what is added now may
-- have ids below it, and be shipped by nobody. So without the record nothing is removed.

local lease, queue, configurations = KEYS[1], KEYS[2], KEYS[3]
if redis.call('GET', lease) ~= ARGV[1] then return 0 end
if redis.call('XDEL', queue, ARGV[2]) == 1 then redis.call('XTRIM', queue, 'MINID', ARGV[2]) end
if redis.call('XLEN', queue) == 0 then
  -- A queue that is empty leaves nothing behind: configurations come and go.
  redis.call('DEL', queue)
  redis.call('SREM', configurations, ARGV[3])
end
return 1
