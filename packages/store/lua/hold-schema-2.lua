-- Keeps the lock of a migration, or ends the migration: the version is written and the lock given up in one step.
--
-- KEYS[1]  version of the records
-- KEYS[2]  lock: token of the process that migrates
-- ARGV[1]  token
-- ARGV[2]  version that has been reached; '' while it is under way
-- ARGV[3]  how long the lock holds from now on, ms
-- Output   1; 0 when the lock is another's or nobody's
if redis.call('GET', KEYS[2]) ~= ARGV[1] then return 0 end
if ARGV[2] == '' then
  redis.call('PEXPIRE', KEYS[2], ARGV[3])
else
  if tonumber(redis.call('GET', KEYS[1]) or '0') < tonumber(ARGV[2]) then redis.call('SET', KEYS[1], ARGV[2]) end
  redis.call('DEL', KEYS[2])
end
return 1
