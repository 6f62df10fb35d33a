-- Deletes a record, its indices with it, all at once or not at all.
--
-- KEYS[1]  outcome of this write, if an earlier try of it has run
-- KEYS[2]  the record
-- KEYS[3]  sorted set of all ids of the kind, by score
-- KEYS[4]  sorted set of all ids of the kind, by time of last write or use (ms)
-- KEYS[5]  the copy that is kept of the deleted record
-- KEYS[6…] sorted sets that must be empty (ARGV[4] of them), then indices to leave (the rest)
-- ARGV[1]  id
-- ARGV[2]  version that the record must have
-- ARGV[3]  only if the last write or use was before this time (ms); '' is any time
-- ARGV[4]  number of sorted sets that must be empty
-- ARGV[5]  how long the copy is kept (ms); 0 keeps none
-- Output   'deleted' | 'gone' | 'conflict' | 'used' | 'attached'
local outcome, record, members, activity, copy = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local id, expected, usedBefore, keepMs = ARGV[1], ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[5])
local firstIndex = 6 + tonumber(ARGV[4])

local earlier = redis.call('GET', outcome)
if earlier then return earlier end

local current = redis.call('GET', record)
if not current then return 'gone' end
if string.sub(current, 1, #expected + 1) ~= expected .. ' ' then return 'conflict' end
if usedBefore and tonumber(redis.call('ZSCORE', activity, id) or '0') >= usedBefore then return 'used' end
for i = 6, firstIndex - 1 do
  if redis.call('ZCARD', KEYS[i]) > 0 then return 'attached' end
end

-- First, as it needs no memory: a script that has begun to write may go on where Redis's is full.
redis.call('DEL', record)
if keepMs > 0 then redis.call('SET', copy, current, 'PX', keepMs) end
redis.call('ZREM', members, id)
redis.call('ZREM', activity, id)
for i = firstIndex, #KEYS do redis.call('ZREM', KEYS[i], id) end
redis.call('SET', outcome, 'deleted', 'PX', 60000)
return 'deleted'
