-- Adds a connection to those that a user has in a room, and lets the key live as long as the last of them.
-- KEYS[1]  the user's connections in the room: sorted set of `<gateway id>/<connection number>` by the session's end
-- ARGV[1]  the member
-- ARGV[2]  the session's end, milliseconds since the epoch
-- ARGV[3]  now, milliseconds since the epoch: what ended before is dropped
redis.call('ZADD', KEYS[1], ARGV[2], ARGV[1])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', ARGV[3])
local last = redis.call('ZRANGE', KEYS[1], -1, -1, 'WITHSCORES')
if last[2] then redis.call('PEXPIREAT', KEYS[1], string.format('%.0f', tonumber(last[2]))) end
return 1
