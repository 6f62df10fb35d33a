-- Gives the oldest ended period that nobody else is sending to a process, which sends it.
--
-- KEYS[1]  counts of the period that runs
-- KEYS[2]  those of periods that have ended
-- KEYS[3]  who sends which of them, `<milliseconds at which the claim ends> <process>` by the second in which it began
-- ARGV[1]  seconds of a period
-- ARGV[2]  periods that are kept after their end
-- ARGV[3]  the process
-- ARGV[4]  milliseconds for which it has the period
-- Output   {
--            number of ended periods that were given up since the last claim,
--            number of those that are there,
--            second in which the claimed one began, '' when there is none,
--            its counts as a JSON list of names and numbers in turn
--          }

local open, closed, claims = KEYS[1], KEYS[2], KEYS[3]
local time = redis.call('TIME')
local nowMs = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
closePeriod(open, closed, periodNow(closed, tonumber(ARGV[1])), tonumber(ARGV[2]))
local gone = tonumber(redis.call('HGET', closed, 'gone') or '0')
if gone > 0 then redis.call('HDEL', closed, 'gone') end
local begins = endedPeriods(closed)
-- Claims of periods that were given up go with the last one that waits.
if #begins == 0 then redis.call('DEL', claims) end
for _, begin in ipairs(begins) do
  local field = string.format('%.0f', begin)
  local claim = redis.call('HGET', claims, field)
  if not claim or tonumber(string.match(claim, '^[0-9]+')) <= nowMs then
    redis.call('HSET', claims, field, string.format('%.0f %s', nowMs + tonumber(ARGV[4]), ARGV[3]))
    return { gone, #begins, field, redis.call('HGET', closed, field) }
  end
end
return { gone, #begins, '', '' }
