--- Dissector of broadcast (docs/broadcast.md): framed messages over TCP.

local common = require("lab-common")
if not common.is_new("broadcast") then return end

local NAMES = {
  "HELLO", "WELCOME", "PUBLISH", "PUBACK", "BATCH", "ACK", "GAP", "SNAPSHOT", "PING", "PONG", "CLOSE", "CHALLENGE", "AUTH", "STABLE",
}
-- Who alone may say it; who has no entry here: both.
local SPEAKERS = {
  HELLO = "client", PUBLISH = "client", ACK = "client", AUTH = "client", WELCOME = "server", PUBACK = "server", BATCH = "server",
  GAP = "server", SNAPSHOT = "server", CHALLENGE = "server", STABLE = "server",
}
local CLOSE_CODES = {
  [0] = "SLOW", "TOO_BIG", "BAD_SEQ", "TAKEN_OVER", "SHUTDOWN", "UNAUTHORIZED", "BAD_MESSAGE", "FULL", "LEAVE", "IDLE", "UNAVAILABLE",
}
local MAX_FRAME, MAX_WINDOW, MAX_SAFE = 16777216, 1000000, 9007199254740991

local broadcast, field = common.protocol("broadcast", "Lab broadcast", {
  { "length", "uint64", "Length of the frame" },
  { "type", "uint8", "Type", NAMES },
  { "version", "uint16", "Version" },
  { "flags", "uint8", "Flags", base.HEX },
  { "client_id", "bytes", "Client id" },
  { "token", "bytes", "Token" },
  { "room", "string", "Room" },
  { "name", "string", "Name" },
  { "epoch", "uint64", "Epoch" },
  { "last", "uint64", "Last" },
  { "start", "uint8", "Start", { [0] = "live", "all", "from", "snapshot" } },
  { "from", "uint64", "From" },
  { "to", "uint64", "To" },
  { "window", "uint32", "Window" },
  { "status", "uint8", "Status", { [0] = "resumed", "fresh", "gap", "new epoch", "expired" } },
  { "member", "uint32", "Member" },
  { "head", "uint64", "Head" },
  { "first_retained", "uint64", "First retained" },
  { "resume_from", "uint64", "Resume from" },
  { "last_client_seq", "uint64", "Last client seq" },
  { "last_number", "uint64", "Number of the last client seq" },
  { "ack_every", "uint16", "Ack every" },
  { "ack_after_ms", "uint16", "Ack after (ms)" },
  { "heartbeat_ms", "uint32", "Heartbeat (ms)" },
  { "max_message_bytes", "uint32", "Message limit (bytes)" },
  { "publish_window", "uint32", "Publish window" },
  { "members", "uint32", "Members" },
  { "first_client_seq", "uint64", "First client seq" },
  { "count", "uint32", "Count" },
  { "client_seq", "uint64", "Client seq" },
  { "number", "uint64", "Number" },
  { "code", "uint8", "Code", { [0] = "ok", "too big" } },
  { "first", "uint64", "First number" },
  { "kind", "uint8", "Kind", { [0] = "message", "join", "leave", "marker" } },
  { "bytes", "bytes", "Bytes" },
  { "left_why", "uint8", "Left because", { [0] = "left", "timed out" } },
  { "reason", "uint8", "Reason", { [0] = "retention", "slow", "epoch" } },
  { "up_to", "uint64", "Up to" },
  { "chunk", "uint32", "Chunk" },
  { "is_last", "uint8", "Last chunk" },
  { "nonce", "uint64", "Nonce" },
  { "close_code", "uint16", "Code", CLOSE_CODES },
  { "text", "string", "Text" },
  { "challenge", "bytes", "Authentication: nonce" },
  { "mac", "bytes", "Authentication: HMAC-SHA-256" },
})

local function is_zero(range) return not range:raw():find("[^%z]") end

local NAME, NAME_OR_NONE = { min = 1, max = 64, plain = true }, { max = 64, plain = true }

local function member(read)
  read:uint(field.member, 1)
  read:text(2, field.name, NAME)
end

local function entry(read)
  local _, kind = read:word(field.kind)
  read:uint(field.member, 1)
  local seq = read:uint(field.client_seq)
  if (kind == "message" or kind == "marker") == (seq == 0) then
    read:fault(string.format("a %s with client seq %.0f", kind, seq))
  end
  local length = read:length(4, field.bytes)
  if length > read:left() then read:fault("the bytes of an entry go past the end") end
  if kind == "join" then
    read:utf8(length, field.name, NAME)
  elseif kind == "message" then
    read:some(length, field.bytes)
  elseif length ~= 1 then
    read:fault("a " .. kind .. " of " .. length .. " bytes, not one")
  else
    read:word(kind == "leave" and field.left_why or field.code)
  end
end

local function published(read) read:some(read:length(4, field.bytes), field.bytes) end

local bodies = {
  HELLO = function(read)
    local version = read:uint(field.version)
    if version ~= 1 then read:fault("it speaks version " .. version .. " of the protocol, not 1") end
    local flags = read:uint(field.flags, 0, 3)
    local is_observer = flags % 2 == 1
    local id = read:bytes(16, field.client_id)
    local token = read:bytes(16, field.token)
    if is_observer and not (is_zero(id) and is_zero(token)) then read:fault("an observer with a client id or a token") end
    read:text(2, field.room, NAME)
    read:text(2, field.name, is_observer and NAME_OR_NONE or NAME)
    read:uint(field.epoch)
    read:uint(field.last)
    local _, start = read:word(field.start)
    local from = read:uint(field.from)
    if from ~= 0 and start ~= "from" then read:fault(string.format("a from of %.0f with start %s", from, start)) end
    read:uint(field.window, 1, MAX_WINDOW)
  end,
  WELCOME = function(read)
    read:word(field.status)
    read:uint(field.epoch, 1)
    read:bytes(16, field.token)
    read:uint(field.member)
    read:uint(field.head)
    read:uint(field.first_retained, 1)
    read:uint(field.resume_from, 1)
    read:uint(field.last_client_seq)
    read:uint(field.last_number)
    read:uint(field.ack_every)
    read:uint(field.ack_after_ms)
    read:uint(field.heartbeat_ms, 1)
    read:uint(field.max_message_bytes)
    read:uint(field.publish_window, 1)
    for _ = 1, read:uint(field.members) do
      read:group(broadcast, "Member", member)
    end
  end,
  PUBLISH = function(read)
    local first = read:uint(field.first_client_seq, 1)
    local count = read:uint(field.count, 1, nil, 2)
    if first > MAX_SAFE - (count - 1) then read:fault(string.format("a client seq of %.0f", first)) end
    for index = 1, count do
      read:group(broadcast, string.format("Message %.0f", first + index - 1), published)
    end
  end,
  PUBACK = function(read)
    read:uint(field.client_seq, 1)
    read:uint(field.number, 1)
    read:word(field.code)
  end,
  BATCH = function(read)
    local first = read:uint(field.first, 1)
    local count = read:uint(field.count, 1)
    if first > MAX_SAFE - (count - 1) then read:fault(string.format("a BATCH from number %.0f", first)) end
    for index = 1, count do
      read:group(broadcast, string.format("Entry %.0f", first + index - 1), entry)
    end
  end,
  ACK = function(read)
    read:uint(field.last)
    read:uint(field.window, 1, MAX_WINDOW)
  end,
  GAP = function(read)
    local from = read:uint(field.from, 1)
    read:uint(field.to, from)
    read:word(field.reason)
  end,
  SNAPSHOT = function(read)
    read:uint(field.up_to)
    read:uint(field.chunk)
    read:flag(field.is_last)
    local length = read:length(4, field.bytes)
    if length ~= read:left() then read:fault("a length of " .. length .. ", but " .. read:left() .. " bytes are left") end
    read:some(length, field.bytes)
  end,
  PING = function(read) read:uint(field.nonce) end,
  PONG = function(read) read:uint(field.nonce) end,
  CLOSE = function(read, speaks)
    local _, code = read:word(field.close_code)
    local fault = speaks(code == "LEAVE" and "client" or "server", "CLOSE " .. code)
    if fault then read:fault(fault) end
    read:text(2, field.text, { max = 256 })
  end,
  CHALLENGE = function(read) read:bytes(32, field.challenge) end,
  AUTH = function(read) read:bytes(32, field.mac) end,
  STABLE = function(read) read:uint(field.up_to) end,
}

local function message(read, pinfo, item, state)
  local number = read:uint(field.type)
  local name = NAMES[number]
  if name == nil then read:fault("no message of type " .. number) end
  common.named(pinfo, item, "broadcast", name)
  local speaks = function(by, what) return common.speaker(state, pinfo, by, what) end
  local fault = speaks(SPEAKERS[name], name)
  if fault then read:fault(fault) end
  bodies[name](read, speaks)
  read:done()
end

common.on_connections(broadcast, "broadcast", common.framed(broadcast, field, MAX_FRAME, message))
common.ports(broadcast, "tcp", "")
-- Only a HELLO: a frame of 69 to 1,024 bytes, type 1, version 1, flags that there are.
common.heuristic(broadcast, "tcp", function(tvb)
  if tvb:len() < 77 then return false end
  local length = tvb:range(4, 4):uint()
  return tvb:range(0, 4):uint() == 0 and length >= 69 and length <= 1024 and tvb:range(8, 3):uint() == 0x010001
    and tvb:range(11, 1):uint() <= 3 and tvb:range(44, 2):uint() >= 1 and tvb:range(44, 2):uint() <= 64
end)
