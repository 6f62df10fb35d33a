-- Deletes a record, its indices with it, all at once or not at all.
--
-- KEYS[1]  outcome of this write, if an earlier try of it has run
-- KEYS[2]  the record
-- KEYS[3]  sorted set of all ids of the kind, by score
-- KEYS[4]  sorted set of all ids of the kind, by time of last write or use (ms)
-- KEYS[5…] sorted sets that must be empty (ARGV[4] of them), then indices to leave (the rest)
-- ARGV[1]  id
-- ARGV[2]  version that the record must have
-- ARGV[3]  only if the last write or use was before this time (ms); '' is any time
-- ARGV[4]  number of sorted sets that must be empty
-- Output   'deleted' | 'gone' | 'conflict' | 'used' | 'attached'
local outcome, record, members, activity = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local id, expected, usedBefore = ARGV[1], ARGV[2], tonumber(ARGV[3])
local firstIndex = 5 + tonumber(ARGV[4])

local earlier = redis.call('GET', outcome)
if earlier then return earlier end

local current = redis.call('GET', record)
if not current then return 'gone' end
if string.sub(current, 1, #expected + 1) ~= expected .. ' ' then return 'conflict' end
if usedBefore and tonumber(redis.call('ZSCORE', activity, id) or '0') >= usedBefore then return 'used' end
for i = 5, firstIndex - 1 do
  if redis.call('ZCARD', KEYS[i]) > 0 then return 'attached' end
end

redis.call('DEL', record)
redis.call('ZREM', members, id)
redis.call('ZREM', activity, id)
for i = firstIndex, #KEYS do redis.call('ZREM', KEYS[i], id) end
redis.call('SET', outcome, 'deleted', 'PX', 60000)
return 'deleted'
