-- Forgets an ended period that was sent, unless another process has claimed it meanwhile.
--
-- KEYS[1]  counts of periods that have ended
-- KEYS[2]  who sends which of them
-- ARGV[1]  second in which the period began
-- ARGV[2]  the process
-- Output   1 when it is forgotten

local closed, claims = KEYS[1], KEYS[2]
local claim = redis.call('HGET', claims, ARGV[1])
if not claim or string.match(claim, ' (.*)$') ~= ARGV[2] then return 0 end
redis.call('HDEL', closed, ARGV[1])
redis.call('HDEL', claims, ARGV[1])
return 1
