-- Renews the lease of a shard's logs and says what waits in its queues.
--
-- KEYS[1]    the shard's log lease
-- KEYS[2]    the shard's set of log queues that have records: <account><configuration>
-- KEYS[3]    the shard's counts of records that were dropped from log queues; reading them sets them to zero
-- KEYS[4..]  log queues that the shipper knows of
-- ARGV[1]    the lease that the shipper has
-- ARGV[2]    milliseconds until it expires unless it is renewed
-- ARGV[3..]  whose each of these queues is, as in the set
-- Output     '' when the lease is another one; else {
--              for each known queue with records {whose, number of records, id of the first},
--              those of the set whose queue isn't among the keys,
--              whose and number of records dropped, one after the other }

local lease, configurations, dropped = KEYS[1], KEYS[2], KEYS[3]
if redis.call('GET', lease) ~= ARGV[1] then return '' end
redis.call('PEXPIRE', lease, ARGV[2])

local queues = {}
for i = 3, #ARGV do queues[ARGV[i]] = KEYS[i + 1] end
local lanes, unknown = {}, {}
for _, owner in ipairs(redis.call('SMEMBERS', configurations)) do
  local queue = queues[owner]
  if not queue then
    unknown[#unknown + 1] = owner
  else
    local first = redis.call('XRANGE', queue, '-', '+', 'COUNT', 1)[1]
    if first then
      lanes[#lanes + 1] = { owner, redis.call('XLEN', queue), first[1] }
    else
      -- The queue was lost, or somebody has deleted it.
      redis.call('SREM', configurations, owner)
    end
  end
end
local counts = redis.call('HGETALL', dropped)
if #counts > 0 then redis.call('DEL', dropped) end
return { lanes, unknown, counts }
