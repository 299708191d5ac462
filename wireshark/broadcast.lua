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
  "SLOW", "TOO_BIG", "BAD_SEQ", "TAKEN_OVER", "SHUTDOWN", "UNAUTHORIZED", "BAD_MESSAGE", "FULL", "LEAVE", "IDLE", "UNAVAILABLE",
}
local KINDS = { "message", "join", "leave", "marker" }
local STARTS = { "live", "all", "from", "snapshot" }
local LEAVE = 8
local MAX_FRAME, MAX_WINDOW, MAX_SAFE = 16777216, 1000000, 9007199254740991
local MESSAGE, JOIN, LEAVING, MARKER = 0, 1, 2, 3

local broadcast, field = common.protocol("broadcast", "Lab broadcast", {
  { "length", "uint64", "Length of the frame", base.DEC },
  { "type", "uint8", "Type", common.values(NAMES, 1) },
  { "version", "uint16", "Version", base.DEC },
  { "flags", "uint8", "Flags", base.HEX },
  { "client_id", "bytes", "Client id" },
  { "token", "bytes", "Token" },
  { "room", "string", "Room" },
  { "name", "string", "Name" },
  { "epoch", "uint64", "Epoch", base.DEC },
  { "last", "uint64", "Last", base.DEC },
  { "start", "uint8", "Start", common.values(STARTS) },
  { "from", "uint64", "From", base.DEC },
  { "to", "uint64", "To", base.DEC },
  { "window", "uint32", "Window", base.DEC },
  { "status", "uint8", "Status", common.values({ "resumed", "fresh", "gap", "new epoch", "expired" }) },
  { "member", "uint32", "Member", base.DEC },
  { "head", "uint64", "Head", base.DEC },
  { "first_retained", "uint64", "First retained", base.DEC },
  { "resume_from", "uint64", "Resume from", base.DEC },
  { "last_client_seq", "uint64", "Last client seq", base.DEC },
  { "last_number", "uint64", "Number of the last client seq", base.DEC },
  { "ack_every", "uint16", "Ack every", base.DEC },
  { "ack_after_ms", "uint16", "Ack after (ms)", base.DEC },
  { "heartbeat_ms", "uint32", "Heartbeat (ms)", base.DEC },
  { "max_message_bytes", "uint32", "Message limit (bytes)", base.DEC },
  { "publish_window", "uint32", "Publish window", base.DEC },
  { "members", "uint32", "Members", base.DEC },
  { "first_client_seq", "uint64", "First client seq", base.DEC },
  { "count", "uint32", "Count", base.DEC },
  { "client_seq", "uint64", "Client seq", base.DEC },
  { "number", "uint64", "Number", base.DEC },
  { "code", "uint8", "Code", common.values({ "ok", "too big" }) },
  { "first", "uint64", "First number", base.DEC },
  { "kind", "uint8", "Kind", common.values(KINDS) },
  { "bytes", "bytes", "Bytes" },
  { "left_why", "uint8", "Left because", common.values({ "left", "timed out" }) },
  { "reason", "uint8", "Reason", common.values({ "retention", "slow", "epoch" }) },
  { "up_to", "uint64", "Up to", base.DEC },
  { "chunk", "uint32", "Chunk", base.DEC },
  { "is_last", "uint8", "Last chunk", base.DEC },
  { "nonce", "uint64", "Nonce", base.DEC },
  { "close_code", "uint16", "Code", common.values(CLOSE_CODES) },
  { "text", "string", "Text" },
  { "challenge", "bytes", "Authentication: nonce" },
  { "mac", "bytes", "Authentication: HMAC-SHA-256" },
})

local function is_zero(range) return not range:raw():find("[^%z]") end

local function name_of(read, min) return read:text(2, field.name, "the name", { min = min, max = 64, plain = true }) end

local function member(read)
  local number = read:uint(4, field.member, "the member", 1)
  return number .. " " .. name_of(read, 1)
end

local function entry(read)
  local kind = read:uint(1, field.kind, "the kind", 0, 3)
  read:uint(4, field.member, "the member of an entry", 1)
  local seq = read:uint(8, field.client_seq, "the client seq")
  if (kind == MESSAGE or kind == MARKER) == (seq == 0) then
    read:fault("a " .. KINDS[kind + 1] .. string.format(" with client seq %.0f", seq))
  end
  local length = read:length(4, "an entry")
  if length > read:left() then read:fault("the bytes of an entry go past the end") end
  if kind == JOIN then
    if length < 1 or length > 64 then read:fault("a name of " .. length .. " bytes, not 1 to 64") end
    local fault = common.text_fault(read:characters(length, field.name, "the name"), true)
    if fault then read:fault("the name " .. fault) end
  elseif kind == MESSAGE then
    if length > 0 then read:bytes(length, field.bytes, "the bytes") end
  elseif length ~= 1 then
    read:fault("a " .. KINDS[kind + 1] .. " of other bytes than one, 0 or 1")
  else
    read:uint(1, kind == LEAVING and field.left_why or field.code, "the byte of a " .. KINDS[kind + 1], 0, 1)
  end
end

local bodies = {
  HELLO = function(read)
    local version = read:uint(2, field.version, "the version")
    if version ~= 1 then read:fault("it speaks version " .. version .. " of the protocol, not 1") end
    local flags = read:uint(1, field.flags, "the flags", 0, 3)
    local is_observer = flags % 2 == 1
    local id = read:bytes(16, field.client_id, "the client id")
    local token = read:bytes(16, field.token, "the token")
    if is_observer and not (is_zero(id) and is_zero(token)) then read:fault("an observer with a client id or a token") end
    read:text(2, field.room, "the room", { min = 1, max = 64, plain = true })
    name_of(read, is_observer and 0 or 1)
    read:uint(8, field.epoch, "the epoch")
    read:uint(8, field.last, "the last number")
    local start = read:uint(1, field.start, "the start", 0, 3)
    local from = read:uint(8, field.from, "the from")
    if from ~= 0 and start ~= 2 then read:fault(string.format("a from of %.0f with start %s", from, STARTS[start + 1])) end
    read:uint(4, field.window, "the window", 1, MAX_WINDOW)
  end,
  WELCOME = function(read)
    read:uint(1, field.status, "the status", 0, 4)
    read:uint(8, field.epoch, "the epoch", 1)
    read:bytes(16, field.token, "the token")
    read:uint(4, field.member, "the member")
    read:uint(8, field.head, "the head")
    read:uint(8, field.first_retained, "the first retained number", 1)
    read:uint(8, field.resume_from, "where to resume from", 1)
    read:uint(8, field.last_client_seq, "the last client seq")
    read:uint(8, field.last_number, "the last number")
    read:uint(2, field.ack_every, "the ack every")
    read:uint(2, field.ack_after_ms, "the ack after")
    read:uint(4, field.heartbeat_ms, "the heartbeat", 1)
    read:uint(4, field.max_message_bytes, "the message limit")
    read:uint(4, field.publish_window, "the publish window", 1)
    for _ = 1, read:uint(4, field.members, "the number of members") do
      read:group(broadcast, "Member", function() member(read) end)
    end
  end,
  PUBLISH = function(read)
    local first = read:uint(8, field.first_client_seq, "the first client seq", 1)
    local count = read:uint(2, field.count, "the count", 1)
    if first > MAX_SAFE - (count - 1) then read:fault(string.format("a client seq of %.0f", first)) end
    for index = 1, count do
      read:group(broadcast, string.format("Message %.0f", first + index - 1), function()
        local length = read:length(4, "a message")
        if length > 0 then read:bytes(length, field.bytes, "a message") end
      end)
    end
  end,
  PUBACK = function(read)
    read:uint(8, field.client_seq, "the client seq", 1)
    read:uint(8, field.number, "the number", 1)
    read:uint(1, field.code, "the code", 0, 1)
  end,
  BATCH = function(read)
    local first = read:uint(8, field.first, "the first number", 1)
    local count = read:uint(4, field.count, "the count", 1)
    if first > MAX_SAFE - (count - 1) then read:fault(string.format("a BATCH from number %.0f", first)) end
    for index = 1, count do
      read:group(broadcast, string.format("Entry %.0f", first + index - 1), function() entry(read) end)
    end
  end,
  ACK = function(read)
    read:uint(8, field.last, "the last number")
    read:uint(4, field.window, "the window", 1, MAX_WINDOW)
  end,
  GAP = function(read)
    local from = read:uint(8, field.from, "the from", 1)
    read:uint(8, field.to, "the to", from)
    read:uint(1, field.reason, "the reason", 0, 2)
  end,
  SNAPSHOT = function(read)
    read:uint(8, field.up_to, "the number")
    read:uint(4, field.chunk, "the chunk")
    read:uint(1, field.is_last, "the last flag", 0, 1)
    local length = read:length(4, "the bytes")
    if length ~= read:left() then read:fault("a length of " .. length .. ", but " .. read:left() .. " bytes are left") end
    if length > 0 then read:bytes(length, field.bytes, "the bytes") end
  end,
  PING = function(read) read:uint(8, field.nonce, "the nonce") end,
  PONG = function(read) read:uint(8, field.nonce, "the nonce") end,
  CLOSE = function(read, speaks)
    local code = read:uint(2, field.close_code, "the code", 0, #CLOSE_CODES - 1)
    local fault = speaks(code == LEAVE and "client" or "server", "CLOSE " .. CLOSE_CODES[code + 1])
    if fault then read:fault(fault) end
    read:text(2, field.text, "the text", { max = 256 })
  end,
  CHALLENGE = function(read) read:bytes(32, field.challenge, "the nonce") end,
  AUTH = function(read) read:bytes(32, field.mac, "the mac") end,
  STABLE = function(read) read:uint(8, field.up_to, "the number") end,
}

local function message(read, pinfo, item, state)
  local number = read:uint(1, field.type, "the type")
  local name = NAMES[number]
  if name == nil then read:fault("no message of type " .. number) end
  common.named(pinfo, item, "broadcast", name)
  local speaks = function(by, what) return common.speaker(state, pinfo, by, what) end
  local fault = speaks(SPEAKERS[name], name)
  if fault then read:fault(fault) end
  bodies[name](read, speaks)
  read:done()
end

local connection = common.connections(broadcast)

function broadcast.dissector(tvb, pinfo, tree)
  common.begin_columns(pinfo, "broadcast")
  local state = connection(pinfo)
  return common.frames(tvb, pinfo, tree, broadcast, state, 8, MAX_FRAME, function(at, length, item)
    item:add(field.length, tvb:range(at - 8, 8))
    local read = common.reader(tvb, at, at + length, item)
    common.attempt(pinfo, item, function() message(read, pinfo, item, state) end)
  end)
end

common.ports(broadcast, "tcp", "")
-- Only a HELLO: a frame of 69 to 1,024 bytes, type 1, version 1, flags that there are.
common.heuristic(broadcast, "tcp", function(tvb)
  if tvb:len() < 77 then return false end
  local length = tvb:range(4, 4):uint()
  return tvb:range(0, 4):uint() == 0 and length >= 69 and length <= 1024 and tvb:range(8, 3):uint() == 0x010001
    and tvb:range(11, 1):uint() <= 3 and tvb:range(44, 2):uint() >= 1 and tvb:range(44, 2):uint() <= 64
end)
