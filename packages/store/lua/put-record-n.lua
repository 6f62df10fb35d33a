-- Puts a record as it is given, with its indices: a restore of a backup, or a migration. Not for changes of users.
--
-- KEYS[1]  the record
-- KEYS[2]  last score of the account
-- KEYS[3]  sorted set of all ids of the kind, by score
-- KEYS[4]  sorted set of all ids of the kind, by time of last write or use (ms)
-- KEYS[5…] indices to enter
-- ARGV[1]  id
-- ARGV[2]  text that the record must have, unless it has the new one; '' for none
-- ARGV[3]  text that it gets: '<version> <score> <createTimeMs> <JSON>'
-- ARGV[4]  time of the last write or use (ms)
-- Output   'put' | 'differs'
local record, lastScore, members, activity = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local id, expected, text, usedMs = ARGV[1], ARGV[2], ARGV[3], ARGV[4]

local current = redis.call('GET', record) or ''
if current ~= expected and current ~= text then return 'differs' end
local score = string.match(text, '^%S+ (%d+) %d+ ')
if current ~= text then redis.call('SET', record, text) end
if tonumber(redis.call('GET', lastScore) or '0') < tonumber(score) then redis.call('SET', lastScore, score) end
redis.call('ZADD', members, score, id)
redis.call('ZADD', activity, 'GT', usedMs, id)
for i = 5, #KEYS do redis.call('ZADD', KEYS[i], score, id) end
return 'put'
