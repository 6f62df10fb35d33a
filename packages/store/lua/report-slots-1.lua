-- Reports the connections of one gateway and leases slots for more. Absolute, so it may run twice, and after a loss of
-- data it registers again what the gateway holds.
--
-- KEYS[1]  hash: gateway -> '<sequence> <expires, ms> <leased> <used>'
-- ARGV[1]  gateway
-- ARGV[2]  sequence number of this report: one that comes late does nothing
-- ARGV[3]  connections that the gateway has
-- ARGV[4]  slots that it keeps in any case, at least its connections
-- ARGV[5]  connections that wait for a slot
-- ARGV[6]  slots that it would like to have at hand beside those
-- ARGV[7]  the account's quota
-- ARGV[8]  how long the lease holds, ms
-- Output   {leased, connections of others, slots that others have at hand, slots that it might
--          have at hand}; {} for a late report
local slots, gateway, sequence = KEYS[1], ARGV[1], tonumber(ARGV[2])
local used, kept, waiting, spare = tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[6])
local quota, lifeMs = tonumber(ARGV[7]), tonumber(ARGV[8])
local time = redis.call('TIME')
local nowMs = time[1] * 1000 + math.floor(time[2] / 1000)

local gateways, othersLeased, othersUsed = 1, 0, 0
local all = redis.call('HGETALL', slots)
for i = 1, #all, 2 do
  local theirs, expires, leased, connections = string.match(all[i + 1], '^(%d+) (%d+) (%d+) (%d+)$')
  if all[i] == gateway then
    if tonumber(theirs) > sequence then return {} end
  elseif tonumber(expires) <= nowMs then
    redis.call('HDEL', slots, all[i])
  else
    gateways = gateways + 1
    othersLeased = othersLeased + leased
    othersUsed = othersUsed + connections
  end
end

local free = quota - othersLeased
local leased = math.max(kept, math.min(used + waiting, free))
-- A quarter of what is left, shared by all: the last slots go one by one, and none lies idle with another gateway.
local share = math.max(0, math.floor((free - leased) / (4 * gateways)))
leased = math.max(leased, math.min(used + waiting + math.min(spare, share), free))
local connections = math.max(used, math.min(used + waiting, leased))

if leased == 0 then
  redis.call('HDEL', slots, gateway)
else
  local entry = string.format('%.0f %.0f %d %d', sequence, nowMs + lifeMs, leased, connections)
  redis.call('HSET', slots, gateway, entry)
  redis.call('PEXPIRE', slots, 2 * lifeMs)
end
return { leased, othersUsed, othersLeased - othersUsed, share }
