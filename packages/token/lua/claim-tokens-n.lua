-- Marks tokens as used. Run again with the same claims it answers the same: a reply may have been lost.
-- KEYS[i]      the mark of a token
-- ARGV[2i-1]   the claim: who finds its own has claimed the token in an earlier run
-- ARGV[2i]     how long the mark stays, milliseconds
-- Output: one character a token: 1 claimed, 0 used
local verdicts = {}
for i, key in ipairs(KEYS) do
  local claim = ARGV[2 * i - 1]
  local holder = redis.call('SET', key, claim, 'PX', ARGV[2 * i], 'NX', 'GET')
  verdicts[i] = (not holder or holder == claim) and '1' or '0'
end
return table.concat(verdicts)
