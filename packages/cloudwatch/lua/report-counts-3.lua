-- Adds what a process has counted to the period that runs. A report that is sent again, since its reply was lost, adds
-- nothing.
--
-- KEYS[1]  counts of the period that runs
-- KEYS[2]  those of periods that have ended
-- KEYS[3]  number of the process's last report; expires
-- ARGV[1]  seconds of a period
-- ARGV[2]  periods that are kept after their end
-- ARGV[3]  number of this report
-- ARGV[4]  milliseconds for which that is remembered
-- ARGV[5]  the process
-- ARGV[6]  connections that it has open now, '' when it has none to tell of
-- ARGV[7..]  names of counts and what to add to each, in turn
-- Output   1

local open, closed, reporter = KEYS[1], KEYS[2], KEYS[3]
local seconds = tonumber(ARGV[1])
local now = periodNow(closed, seconds)
closePeriod(open, closed, now, tonumber(ARGV[2]))
redis.call('HSETNX', open, 'begun', string.format('%.0f', now))
if ARGV[6] ~= '' then
  -- Six moments of a period, so that the sum over all processes is one of the same time.
  local moment = math.floor((tonumber(redis.call('TIME')[1]) % seconds) * 6 / seconds)
  redis.call('HSET', open, string.format('connections:%d:%s', moment, ARGV[5]), ARGV[6])
end
if tonumber(redis.call('GET', reporter) or '0') < tonumber(ARGV[3]) then
  for at = 7, #ARGV, 2 do redis.call('HINCRBY', open, ARGV[at], ARGV[at + 1]) end
end
redis.call('SET', reporter, ARGV[3], 'PX', ARGV[4])
return 1
