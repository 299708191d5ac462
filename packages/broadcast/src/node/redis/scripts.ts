/**
 * What Redis does in one step each (docs/broadcast.md B38). A script is refused, by the answer "another", where the Redis process
 * or the epoch is not the one that its gateway knows: whatever it then holds, it is not what the gateway has read.
 *
 * Numbers go in and out as digits: a Lua number has 53 bits, but Lua prints only 14 of its digits.
 * Tokens are compared as Lua strings, which Lua holds once each: that takes the same time wherever they differ.
 */

const COMMON = `
local meta, log, owners, seen, left, members, base = unpack(KEYS)
local function text(n) return string.format('%.0f', n) end
local function microseconds()
  local t = redis.call('TIME')
  return t[1] * 1000000 + t[2]
end
local function now() return math.floor(microseconds() / 1000) end
`;

const KNOWN = `${COMMON}
local at = redis.call('HMGET', meta, 'run', 'epoch', 'head', 'first', 'bytes')
if at[1] ~= ARGV[1] or at[2] ~= ARGV[2] then return {'another'} end
local head, first, bytes = tonumber(at[3]), tonumber(at[4]), tonumber(at[5])
`;

/** B17: down to a bit below the bound at once, so that not every publish trims. */
const APPENDING = `${KNOWN}
local maxCount, maxBytes = tonumber(ARGV[3]), tonumber(ARGV[4])
local function append(kind, member, seq, body)
  head = head + 1
  bytes = bytes + 17 + #body
  redis.call('XADD', log, text(head) .. '-0', 'k', kind, 'm', member, 's', seq, 'b', body)
end
local function trim()
  local count, size = maxCount - math.floor(maxCount / 64), maxBytes - math.floor(maxBytes / 64)
  while first < head and (head - first + 1 > count or bytes > size) do
    local page = redis.call('XRANGE', log, text(first) .. '-0', '+', 'COUNT', 100)
    if #page == 0 then break end
    for _, entry in ipairs(page) do
      if first < head and (head - first + 1 > count or bytes > size) then
        first = first + 1
        bytes = bytes - 17 - #entry[2][8]
      end
    end
  end
  redis.call('XTRIM', log, 'MINID', text(first) .. '-0')
end
local function finish()
  if text(head) == at[3] then return end
  if head - first + 1 > maxCount or bytes > maxBytes then trim() end
  redis.call('HSET', meta, 'head', text(head), 'first', text(first), 'bytes', text(bytes))
end
local function leave(id, reason)
  local key = base .. 'session:' .. id
  local member = redis.call('HGET', key, 'member')
  append('leave', member, '0', string.char(reason))
  redis.call('HSET', key, 'joined', '0')
  redis.call('HDEL', members, member)
  redis.call('ZREM', seen, id)
  redis.call('ZADD', left, text(microseconds()), id)
end
`;

/**
 * ARGV: run, fresh epoch, whether nothing can have been lost by a restart of Redis (1), and the epoch and head that the gateway
 * knows, or 0. Where the log may have lost something, it goes on in another epoch (B25, B40), whose log has another key: whoever
 * still reads the old one hears of nothing more.
 */
const OPEN = `${COMMON}
local run, fresh, safe, knownEpoch, knownHead = unpack(ARGV)
local at = redis.call('HMGET', meta, 'run', 'epoch', 'head')
if not at[2] then
  redis.call('DEL', owners, seen, left, members)
  redis.call('HSET', meta, 'run', run, 'epoch', fresh, 'head', '0', 'first', '1', 'bytes', '0', 'lastMember', '0',
    'epochStart', '1', 'previousEpoch', '0', 'previousHead', '0')
else
  local wentBack = knownEpoch == at[2] and tonumber(knownHead) > tonumber(at[3])
  if wentBack or (at[1] ~= run and safe ~= '1') then
    local before = base .. 'log:' .. at[2]
    if redis.call('EXISTS', before) == 1 then redis.call('RENAME', before, base .. 'log:' .. fresh) end
    redis.call('HSET', meta, 'epoch', fresh, 'epochStart', text(at[3] + 1), 'previousEpoch', at[2], 'previousHead', at[3])
  end
  if at[1] ~= run then
    -- Nobody could renew while Redis was away: the time of grace begins anew (B22).
    for _, id in ipairs(redis.call('ZRANGE', seen, 0, -1)) do redis.call('ZADD', seen, now(), id) end
    redis.call('HSET', meta, 'run', run)
  end
end
local is = redis.call('HMGET', meta, 'epoch', 'head', 'first', 'epochStart', 'previousEpoch', 'previousHead')
table.insert(is, redis.call('HGETALL', members))
return is
`;

/**
 * ARGV behind the four of all that append: client id, token, fresh token, name, owner, most sessions, their life in ms, and since how
 * many ms the owner's connection has asked. One that waited while another connection, which came later, took the session is answered
 * as if it had been before it, and so owns nothing (B11).
 */
const ATTACH = `${APPENDING}
local id, token, freshToken, name, owner, maxSessions, ttl, age = unpack(ARGV, 5)
local askedAt = now() - age
local key = base .. 'session:' .. id
local s = redis.call('HMGET', key, 'token', 'member', 'name', 'joined', 'seq', 'number', 'owner', 'outcome', 'joinNumber', 'askedAt')
local function evict(one)
  local gone = base .. 'session:' .. one
  redis.call('HDEL', owners, redis.call('HGET', gone, 'owner'))
  redis.call('DEL', gone)
  redis.call('ZREM', left, one)
end
local outcome, joinNumber = s[8], s[9]
if s[7] ~= owner then
  if s[1] and s[1] ~= token then return {'ok', 'unauthorized', '', '0', '0', '0', at[3], at[4], '0', {}} end
  joinNumber = '0'
  if s[1] and tonumber(s[10]) > askedAt then
    return {'ok', 'resumed', s[1], s[2], s[5], s[6], at[3], at[4], '0', redis.call('HGETALL', members)}
  end
  if s[1] then
    outcome = s[4] == '1' and 'resumed' or 'joined again'
    redis.call('HDEL', owners, s[7])
  else
    for _, one in ipairs(redis.call('ZRANGEBYSCORE', left, '-inf', text(microseconds() - ttl * 1000), 'LIMIT', 0, 100)) do evict(one) end
    if redis.call('HLEN', owners) >= tonumber(maxSessions) then
      local oldest = redis.call('ZRANGE', left, 0, 0)[1]
      if not oldest then return {'ok', 'full', '', '0', '0', '0', at[3], at[4], '0', {}} end
      evict(oldest)
    end
    outcome = token == '' and 'made' or 'expired'
    s = {freshToken, text(redis.call('HINCRBY', meta, 'lastMember', 1)), name, '0', '0', '0'}
    redis.call('HSET', key, 'token', s[1], 'member', s[2], 'name', s[3], 'seq', '0', 'number', '0')
  end
  if s[4] ~= '1' then
    append('join', s[2], '0', s[3])
    joinNumber = text(head)
    redis.call('ZREM', left, id)
    redis.call('HSET', members, s[2], s[3])
  end
  redis.call('HSET', owners, owner, id)
  redis.call('ZADD', seen, now(), id)
  redis.call('HSET', key, 'joined', '1', 'owner', owner, 'outcome', outcome, 'joinNumber', joinNumber,
    'askedAt', text(askedAt))
  finish()
end
return {'ok', outcome, s[1], s[2], s[5], s[6], text(head), text(first), joinNumber, redis.call('HGETALL', members)}
`;

/** ARGV behind the four: client id, owner, first client seq, then kind and bytes of each. */
const PUBLISH = `${APPENDING}
local key = base .. 'session:' .. ARGV[5]
local s = redis.call('HMGET', key, 'owner', 'seq', 'number', 'member')
if s[1] ~= ARGV[6] then return {'ok', 'not owner', s[2] or '0', s[3] or '0'} end
local seq, last = tonumber(ARGV[7]), tonumber(s[2])
if seq > last + 1 then return {'ok', 'bad seq', s[2], s[3]} end
for i = 8, #ARGV, 2 do
  if seq > last then append(ARGV[i], s[4], text(seq), ARGV[i + 1]) end
  seq = seq + 1
end
if seq - 1 <= last then return {'ok', 'ok', s[2], s[3]} end
redis.call('HSET', key, 'seq', text(seq - 1), 'number', text(head))
finish()
return {'ok', 'ok', text(seq - 1), text(head)}
`;

/** ARGV behind the four: client id, owner, reason. */
const LEAVE = `${APPENDING}
local s = redis.call('HMGET', base .. 'session:' .. ARGV[5], 'owner', 'joined')
if s[1] == ARGV[6] and s[2] == '1' then
  leave(ARGV[5], tonumber(ARGV[7]))
  finish()
end
return {'ok'}
`;

/** ARGV behind the four: grace time in ms, reason of those that are late, then owners. */
const RENEW = `${APPENDING}
local lost = {}
for i = 7, #ARGV do
  local id = redis.call('HGET', owners, ARGV[i])
  if id then redis.call('ZADD', seen, 'XX', now(), id) else table.insert(lost, ARGV[i]) end
end
for _, id in ipairs(redis.call('ZRANGEBYSCORE', seen, '-inf', now() - ARGV[5])) do leave(id, tonumber(ARGV[6])) end
finish()
return {'ok', lost}
`;

/** ARGV behind run and epoch: the number to begin at, and how many bytes. */
const READ = `${KNOWN}
local from, room, entries = math.max(tonumber(ARGV[3]), first), tonumber(ARGV[4]), {}
local number = from
while number <= head and room > 0 do
  local page = redis.call('XRANGE', log, text(number) .. '-0', '+', 'COUNT', 64)
  if #page == 0 then break end
  for _, entry in ipairs(page) do
    room = room - 17 - #entry[2][8]
    if room < 0 and #entries > 0 then break end
    table.insert(entries, entry)
    number = number + 1
  end
end
return {'ok', text(first), text(head), text(from), entries}
`;

export type ScriptName = "open" | "attach" | "publish" | "leave" | "renew" | "read";

export const SCRIPTS: Readonly<Record<ScriptName, string>> = {
  open: OPEN,
  attach: ATTACH,
  publish: PUBLISH,
  leave: LEAVE,
  renew: RENEW,
  read: READ,
};

export const SCRIPT_NAMES: readonly ScriptName[] = Object.keys(SCRIPTS) as ScriptName[];
