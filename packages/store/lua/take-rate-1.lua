-- Takes permits of a rate: at most `limit` in any second of Redis time.
--
-- KEYS[1]  list of the times (microseconds) at which permits were granted, oldest first
-- ARGV[1]  limit per second
-- ARGV[2]  how many are asked for
-- Output   {granted, time of the grant in microseconds, microseconds until the oldest permit expires (0: none is held)}
local grants, limit, asked = KEYS[1], tonumber(ARGV[1]), tonumber(ARGV[2])
local second = 1000000
local time = redis.call('TIME')
local now = time[1] * second + time[2]

local newest = tonumber(redis.call('LINDEX', grants, -1) or '0')
if newest > now + second then
  -- A new master whose clock is behind the old one's: those times mean nothing any more.
  redis.call('DEL', grants)
elseif newest > now then
  now = newest
end

repeat
  local head = redis.call('LRANGE', grants, 0, 99)
  local expired = 0
  while expired < #head and tonumber(head[expired + 1]) <= now - second do expired = expired + 1 end
  if expired > 0 then redis.call('LPOP', grants, expired) end
until expired < 100

local granted = math.max(0, math.min(asked, limit - redis.call('LLEN', grants)))
local stamp = string.format('%.0f', now)
local left = granted
while left > 0 do
  local batch = {}
  for i = 1, math.min(left, 1000) do batch[i] = stamp end
  redis.call('RPUSH', grants, unpack(batch))
  left = left - #batch
end
if granted > 0 then redis.call('PEXPIRE', grants, 2000) end
local oldest = tonumber(redis.call('LINDEX', grants, 0) or '0')
return { granted, stamp, oldest == 0 and 0 or oldest + second - now }
