-- What the scripts beside this file share: it stands before each of them.
-- The counts of the period that runs are a hash, `begun` among its fields; those of ended ones are strings of JSON in
-- another hash, by the second in which each began; `last` there is the newest of them, and `gone` how many were given up.

-- The second in which the period began that runs now. It never goes back, even when the clock of Redis does, since
-- what has ended may have been sent.
local function periodNow(closed, seconds)
  local now = tonumber(redis.call('TIME')[1])
  local last = tonumber(redis.call('HGET', closed, 'last') or '0')
  return math.max(now - now % seconds, last + seconds)
end

-- The seconds in which ended periods began, oldest first.
local function endedPeriods(closed)
  local begins = {}
  for _, field in ipairs(redis.call('HKEYS', closed)) do
    begins[#begins + 1] = tonumber(field)
  end
  table.sort(begins)
  return begins
end

-- Ends the period that runs when its time is over. At most `most` that have ended are kept: the oldest ones go.
local function closePeriod(open, closed, now, most)
  local begun = redis.call('HGET', open, 'begun')
  if not begun or tonumber(begun) >= now then return end
  redis.call('HDEL', open, 'begun')
  local counts = redis.call('HGETALL', open)
  redis.call('HSET', closed, 'last', begun)
  -- Where only processes reported that had nothing to tell there is nothing to send.
  if #counts > 0 then redis.call('HSET', closed, begun, cjson.encode(counts)) end
  redis.call('DEL', open)
  local begins = endedPeriods(closed)
  for at = 1, #begins - most do
    redis.call('HDEL', closed, string.format('%.0f', begins[at]))
    redis.call('HINCRBY', closed, 'gone', 1)
  end
end
