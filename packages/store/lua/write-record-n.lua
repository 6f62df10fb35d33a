-- Creates or replaces a record, its indices with it, all at once or not at all.
--
-- KEYS[1]  outcome of this write, if an earlier try of it has run
-- KEYS[2]  the record
-- KEYS[3]  last score of the account
-- KEYS[4]  sorted set of all ids of the kind, by score
-- KEYS[5]  sorted set of all ids of the kind, by time of last write or use (ms)
-- KEYS[6…] records that must exist (ARGV[7] of them), then indices to leave (ARGV[8]), then indices to enter (the rest)
-- ARGV[1]  id
-- ARGV[2]  version that the record must have; '' creates
-- ARGV[3]  version that it gets
-- ARGV[4]  JSON of the record
-- ARGV[5]  with ARGV[2] = '': the most records of the kind; '' is no limit
-- ARGV[6]  '1' keeps the update time (and so the score)
-- ARGV[7]  number of records that must exist
-- ARGV[8]  number of indices to leave
-- Output   'written <score> <createTimeMs>' | 'quota' | 'exists' | 'gone' | 'conflict' | 'missing <n-th needed record>'
local outcome, record, lastScore, members, activity = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local id, expected, version, json, most = ARGV[1], ARGV[2], ARGV[3], ARGV[4], tonumber(ARGV[5])
local firstLeft = 6 + tonumber(ARGV[7])
local firstEntered = firstLeft + tonumber(ARGV[8])

local earlier = redis.call('GET', outcome)
if earlier then return earlier end

local current = redis.call('GET', record)
if expected == '' then
  if current then return 'exists' end
  if most and redis.call('ZCARD', members) >= most then return 'quota' end
else
  if not current then return 'gone' end
  if string.sub(current, 1, #expected + 1) ~= expected .. ' ' then return 'conflict' end
end
for i = 6, firstLeft - 1 do
  if redis.call('EXISTS', KEYS[i]) == 0 then return 'missing ' .. (i - 5) end
end

local time = redis.call('TIME')
local nowMs = time[1] * 1000 + math.floor(time[2] / 1000)
local score, createTimeMs
if current then
  score, createTimeMs = string.match(current, '^%S+ (%d+) (%d+) ')
end
if not current or ARGV[6] ~= '1' then
  local last = tonumber(redis.call('GET', lastScore) or '0')
  -- Microseconds: unique, growing also when the clock of a new master is behind, and exact in a double until 2255.
  score = string.format('%.0f', math.max(last + 1, time[1] * 1000000 + time[2]))
  redis.call('SET', lastScore, score)
  createTimeMs = createTimeMs or string.format('%.0f', math.floor(score / 1000))
end

redis.call('SET', record, version .. ' ' .. score .. ' ' .. createTimeMs .. ' ' .. json)
redis.call('ZADD', members, score, id)
redis.call('ZADD', activity, 'GT', string.format('%.0f', nowMs), id)
for i = firstLeft, firstEntered - 1 do redis.call('ZREM', KEYS[i], id) end
for i = firstEntered, #KEYS do redis.call('ZADD', KEYS[i], score, id) end
local reply = 'written ' .. score .. ' ' .. createTimeMs
redis.call('SET', outcome, reply, 'PX', 60000)
return reply
