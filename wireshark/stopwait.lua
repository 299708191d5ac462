--- Dissector of stopwait-udp (docs/stopwait-udp.md) over UDP: v1 begins with a letter, v2 with a byte from a0 to a7.

local common = require("lab-common")
if not common.is_new("stopwait") then return end

local V1 = { G = "GET", P = "PUT", A = "ACK", D = "DATA", F = "FINISH", E = "ERROR" }
local V2 = {
  [0xA0] = "REQ", [0xA1] = "CHALLENGE", [0xA2] = "ACCEPT", [0xA3] = "DATA", [0xA4] = "ACK", [0xA5] = "FIN", [0xA6] = "FINACK",
  [0xA7] = "ERR",
}
local V1_HEADER, V1_BLOCK, V2_HEADER = 7, 100, 24
local LAST, SACK, RETRY = 1, 2, 4
local FLAGS = { REQ = RETRY, DATA = LAST + RETRY, ACK = SACK + RETRY, FIN = RETRY }
local CODES = {
  [0] = "done", "bad-request", "not-found", "denied", "exists", "too-large", "busy", "no-session", "mismatch", "changed", "full",
  "failed", "wait", "held", "aborted", "gone",
}
local CHECKSUMS = { "crc32c", "crc32", "none" }
local OPTIONS = {
  "operation", "name", "block size", "window", "size", "modified", "etag", "digest", "offset", "prefix digest", "overwrite",
  "resume", "checksum", "cookie", "authentication",
}

local stopwait, field = common.protocol("stopwait", "Lab stop-and-wait file transfer", {
  { "v1_type", "string", "Type (v1)" },
  { "bit", "string", "Bit" },
  { "number", "uint32", "Number" },
  { "name", "string", "Name" },
  { "bytes", "bytes", "Bytes of the file" },
  { "text", "string", "Text" },
  { "type", "uint8", "Type", V2 },
  { "flags", "uint8", "Flags (1 last, 2 sack, 4 retry)", base.HEX },
  { "length", "uint16", "Length of the payload" },
  { "session", "bytes", "Session" },
  { "block", "uint32", "Block" },
  { "counter", "uint16", "Counter" },
  { "credit", "uint16", "Credit" },
  { "checksum", "uint32", "Checksum", base.HEX },
  { "checksum_kind", "string", "Checksum is a right" },
  { "left_over", "bytes", "Left over" },
  { "padding", "bytes", "Padding" },
  { "cookie", "bytes", "Cookie" },
  { "sack", "uint32", "Selective acknowledgement", base.HEX },
  { "digest", "bytes", "SHA-256 of the file" },
  { "code", "uint16", "Code", CODES },
  { "option", "uint8", "Option", OPTIONS },
  { "operation", "uint8", "Operation", { "GET", "PUT" } },
  { "block_bytes", "uint16", "Block size (bytes)" },
  { "window", "uint16", "Window (blocks)" },
  { "size", "uint64", "Size (bytes)" },
  { "modified_ms", "uint64", "Modified (ms since 1970)" },
  { "etag", "string", "ETag" },
  { "offset", "uint64", "Offset" },
  { "prefix_digest", "bytes", "SHA-256 of the bytes before the offset" },
  { "resume", "bytes", "Goes on from session" },
  { "checksums", "uint8", "Checksum offered or chosen", CHECKSUMS },
  { "authentication", "bytes", "Authentication: HMAC-SHA-256" },
  { "value", "bytes", "Value of an unknown option" },
})

-- Version 1 ------------------------------------------------------------------------------------------------------------------

local function rest_of(read, shown) return read:characters(read:left(), shown) end

local function v1_bit(read, bit, expected)
  if bit ~= expected then read:fault("bit " .. bit:byte() .. " where " .. expected:byte() .. " belongs") end
end

local function v1_fixed(read, expected)
  if rest_of(read, field.text) ~= expected then read:fault("the body must be " .. expected) end
end

local function v1_bodies(read, letter, bit, number)
  local parity = tostring(number % 2)
  if letter == "G" or letter == "P" then
    v1_bit(read, bit, "0")
    if number ~= 0 then read:fault("a request has the number 00000") end
    rest_of(read, field.name)
  elseif letter == "A" then
    if bit ~= "F" then v1_bit(read, bit, parity) end
    v1_fixed(read, "ack")
  elseif letter == "D" then
    v1_bit(read, bit, parity)
    local length = read:left()
    if number < 1 or length > V1_BLOCK or (length == 0 and number ~= 1) then
      read:fault("block " .. number .. " of " .. length .. " bytes")
    end
    read:some(length, field.bytes)
  elseif letter == "F" then
    v1_bit(read, bit, "F")
    v1_fixed(read, "I'm Done")
  else
    v1_bit(read, bit, "0")
    rest_of(read, field.text)
  end
end

local function v1_packet(read, pinfo, item)
  local letter = read:bytes(1, field.v1_type):raw()
  local name = V1[letter]
  if name == nil then read:fault("no packet begins with byte " .. letter:byte()) end
  local digits = read:left() >= 6 and read.tvb:range(read.at + 1, 5):raw() or ""
  common.named(pinfo, item, "stopwait-v1", name, digits:match("^%d+$") and digits or nil)
  local bit = read:bytes(1, field.bit):raw()
  local range = read:take(5, field.number)
  local number = range:raw():match("^%d%d%d%d%d$")
  if number == nil then read:fault("the number has a byte that is no digit") end
  read.tree:add(field.number, range, tonumber(number))
  v1_bodies(read, letter, bit, tonumber(number))
end

-- Checksums ------------------------------------------------------------------------------------------------------------------

local xor = bit32 and bit32.bxor or load("return function(a, b) return a ~ b end")()

local function table_of(polynomial)
  local entries = {}
  for byte = 0, 255 do
    local value = byte
    for _ = 1, 8 do
      local half = math.floor(value / 2)
      value = value % 2 == 1 and xor(half, polynomial) or half
    end
    entries[byte] = value
  end
  return entries
end

local TABLES = { crc32c = table_of(0x82F63B78), crc32 = table_of(0xEDB88320) }

local function crc(kind, text)
  local entries, value = TABLES[kind], 0xFFFFFFFF
  for at = 1, #text do
    value = xor(entries[xor(value % 256, text:byte(at))], math.floor(value / 256))
  end
  return xor(value, 0xFFFFFFFF)
end

--- Which of the checksums a packet carries, its field taken as 0; nil where none is right (S32).
local function checksum_kind(tvb, length, name)
  local given = tvb:range(20, 4):uint()
  local summed = tvb:range(0, 20):raw() .. "\0\0\0\0" .. (length > 0 and tvb:range(V2_HEADER, length):raw() or "")
  if crc("crc32c", summed) == given then return "crc32c" end
  if name == "REQ" or name == "CHALLENGE" or name == "ACCEPT" or name == "ERR" then return nil end
  if crc("crc32", summed) == given then return "crc32" end
  return given == 0 and "none" or nil
end

-- Version 2 ------------------------------------------------------------------------------------------------------------------

--- Options, each of which takes all that is left of it.
local function uint(key, min, max)
  return function(read) read:uint(field[key], min, max) end
end

local function bytes(key, min, max)
  return function(read) read:rest(field[key], min, max or min) end
end

local function text(key, max)
  return function(read) read:utf8(read:left(), field[key], { min = 1, max = max }) end
end

local function kinds(read)
  local count = read:left()
  if count < 1 or count > 255 then read:fault(count .. " checksums, not 1 to 255") end
  for _ = 1, count do read:uint(field.checksums) end
end

local options = {
  uint("operation", 1, 2), text("name", 65535), uint("block_bytes", 1, 65000), uint("window", 1, 32), uint("size"),
  uint("modified_ms"), text("etag", 128), bytes("digest", 32), uint("offset"), bytes("prefix_digest", 32),
  bytes("value", 0), bytes("resume", 8), kinds, bytes("cookie", 1, 64), bytes("authentication", 32),
}
-- By their numbers: operation, name, block size, window and checksum; block size, window, offset and checksum.
local REQUIRED = { REQ = { 1, 2, 3, 4, 13 }, ACCEPT = { 3, 4, 9, 13 } }

-- What else an ACCEPT has is of no meaning there, and not looked at.
local OF_ACCEPT = { [3] = true, [4] = true, [5] = true, [6] = true, [7] = true, [9] = true, [10] = true, [13] = true }

local function option(read, met, packet)
  local number = read:uint(field.option)
  local length = read:length(2, field.option)
  if length > read:left() then read:fault("an option reaches beyond the packet") end
  if met[number] then read:fault("option " .. number .. " comes twice") end
  met[number] = read.tvb:range(read.at - 3, length + 3)
  local behind = read.limit
  read.limit = read.at + length
  local is_known = options[number] and (packet == "REQ" or OF_ACCEPT[number])
  if is_known then options[number](read) else read:rest(field.value) end
  read:done()
  read.limit = behind
end

local function tlvs(read, name)
  local met = {}
  while read:left() > 0 do
    read:group(stopwait, "Option " .. (OPTIONS[read.tvb:range(read.at, 1):uint()] or "unknown"), function() option(read, met, name) end)
  end
  for _, number in ipairs(REQUIRED[name]) do
    if not met[number] then read:fault("the option " .. OPTIONS[number] .. " is missing") end
  end
  if name == "REQ" and met[1]:range(3, 1):uint() == 2 and not met[5] then read:fault("a PUT says how long the file is") end
  if name == "ACCEPT" then
    local known = 0
    for at = 3, met[13]:len() - 1 do
      if CHECKSUMS[met[13]:range(at, 1):uint()] then known = known + 1 end
    end
    if known ~= 1 then read:fault("it names no checksum that we know, or several") end
  end
end

local payloads = {
  REQ = tlvs,
  ACCEPT = tlvs,
  CHALLENGE = function(read) read:rest(field.cookie, 1, 64) end,
  DATA = function(read) read:rest(field.bytes, 1) end,
  -- What is too long or has no room for what the flag says is taken all the same, and noted.
  ACK = function(read, _, flags)
    if math.floor(flags / SACK) % 2 == 1 and read:left() >= 4 then read:uint(field.sack) end
  end,
  FIN = function(read) read:rest(field.digest, 32, 32) end,
  FINACK = function(read) read:uint(field.code, 0, nil, 1) end,
  ERR = function(read)
    if read:left() < 2 then return end
    read:uint(field.code)
    if read:left() > 0 then rest_of(read, field.text) end
  end,
}

--- What is wrong with a header, or nil: a datagram that is no packet is dropped (S30).
local function shape_fault(tvb)
  if tvb:len() < V2_HEADER then return "a datagram of " .. tvb:len() .. " bytes, shorter than a header" end
  local name = V2[tvb:range(0, 1):uint()]
  local flags, allowed = tvb:range(1, 1):uint(), FLAGS[name] or 0
  for _, flag in ipairs({ LAST, SACK, RETRY }) do
    local is_set = math.floor(flags / flag) % 2 == 1
    if flags > 7 or (is_set and math.floor(allowed / flag) % 2 == 0) then return "flags of " .. flags .. " in a " .. name end
  end
  local length = V2_HEADER + tvb:range(2, 2):uint()
  if tvb:len() < length then return "a payload of " .. (length - V2_HEADER) .. " bytes in a datagram of " .. tvb:len() end
  if tvb:len() > length and name ~= "REQ" then return (tvb:len() - length) .. " bytes are left over" end
  return nil
end

local function v2_packet(read, pinfo, item)
  local tvb = read.tvb
  local name = V2[tvb:range(0, 1):uint()]
  read:uint(field.type)
  common.named(pinfo, item, "stopwait-v2", name)
  local flags = read:uint(field.flags)
  local length = read:uint(field.length)
  read:bytes(8, field.session)
  read:uint(field.block)
  read:uint(field.counter)
  read:uint(field.credit)
  read:uint(field.checksum)
  local fault = shape_fault(tvb)
  if fault then read:fault(fault) end
  local kind = checksum_kind(tvb, length, name)
  if kind == nil then read:fault("the checksum is wrong") end
  item:add(field.checksum_kind, kind):set_generated()
  read.limit = V2_HEADER + length
  payloads[name](read, name, flags)
  if read:left() > 0 then
    common.note(pinfo, item, "bytes left over: " .. read:left())
    read:rest(field.left_over)
  end
  read.limit = tvb:len()
  read:rest(field.padding)
end

function stopwait.dissector(tvb, pinfo, tree)
  common.begin_columns(pinfo, "stopwait")
  local item = tree:add(stopwait, tvb:range())
  local first = tvb:len() > 0 and tvb:range(0, 1):uint() or 0
  local packet = V2[first] and v2_packet or v1_packet
  local read = common.reader(tvb, 0, tvb:len(), item)
  common.attempt(pinfo, item, function() packet(read, pinfo, item) end)
  return tvb:len()
end

common.ports(stopwait, "udp", "50001")
-- v2 by its shape and its checksum, v1 by two bytes and five digits that must agree.
common.heuristic(stopwait, "udp", function(tvb)
  if tvb:len() < V1_HEADER then return false end
  local first = tvb:range(0, 1):uint()
  if V2[first] then
    if shape_fault(tvb) then return false end
    local kind = checksum_kind(tvb, tvb:range(2, 2):uint(), V2[first])
    local is_right = kind == "crc32c" or kind == "crc32"
    return is_right, is_right
  end
  local letter, bit, number = tvb:range(0, V1_HEADER):raw():match("^([GPADFE])([01F])(%d%d%d%d%d)$")
  if letter == nil then return false end
  if letter == "F" then return bit == "F" end
  if letter == "A" then return tvb:len() == 10 and tvb:range(7, 3):raw() == "ack" end
  if letter == "D" then return bit == tostring(tonumber(number) % 2) and tvb:len() <= V1_HEADER + V1_BLOCK end
  return bit == "0" and (letter == "E" or number == "00000")
end)
