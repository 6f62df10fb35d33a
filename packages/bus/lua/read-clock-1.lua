-- Reads the clock of the master that owns a key.
--
-- KEYS[1]  any key: it only chooses the master, so that all processes of a deployment read the same clock
-- Output   {seconds, microseconds}

return redis.call('TIME')
