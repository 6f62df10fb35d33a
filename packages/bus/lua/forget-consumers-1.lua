-- Removes the workers from a shard's consumer group that have nothing pending and have read nothing for long: each start
-- of a worker has a name of its own.
--
-- KEYS[1]  the shard's review stream
-- ARGV[1]  the consumer group
-- ARGV[2]  idle for at least this many milliseconds
-- ARGV[3]  a worker that is removed however short it has been idle, or ''
-- Output   number of workers removed

local stream, group, idleMs, own = KEYS[1], ARGV[1], tonumber(ARGV[2]), ARGV[3]
if redis.call('EXISTS', stream) == 0 then return 0 end
local removed = 0
-- Without a group (no worker has read yet, or Redis lost its data) there is nobody to forget.
local consumers = redis.pcall('XINFO', 'CONSUMERS', stream, group)
if consumers.err then return 0 end
for _, flat in ipairs(consumers) do
  local consumer = {}
  for i = 1, #flat, 2 do consumer[flat[i]] = flat[i + 1] end
  -- Removing one with pending messages would leave them to nobody.
  if consumer.pending == 0 and (consumer.idle >= idleMs or consumer.name == own) then
    redis.call('XGROUP', 'DELCONSUMER', stream, group, consumer.name)
    removed = removed + 1
  end
end
return removed
