--- Fields of messages: declared once, read one after another, and what is wrong with them. `lab-common.lua` hands them on to the dissectors.

local reading = {}

local TWO_32 = 4294967296
-- With a high word from here on, an integer is above 2^53 - 1: no number of ours.
local UNSAFE_HIGH = 2097152
local MAX_SAFE = 9007199254740991
-- So many fields of a message are shown; the others are read all the same. Wireshark itself ends a tree of a million.
local MOST_SHOWN = 50000

-- Text -----------------------------------------------------------------------------------------------------------------------

local function code_point_at(text, at)
  local first = text:byte(at)
  if first < 0x80 then return first, 1 end
  local length = (first >= 0xC2 and first <= 0xDF) and 2 or (first >= 0xE0 and first <= 0xEF) and 3
    or (first >= 0xF0 and first <= 0xF4) and 4 or 0
  if length == 0 or at + length - 1 > #text then return nil end
  local point = first % (length == 2 and 0x20 or length == 3 and 0x10 or 0x08)
  for index = at + 1, at + length - 1 do
    local byte = text:byte(index)
    if byte < 0x80 or byte > 0xBF then return nil end
    point = point * 64 + byte % 64
  end
  local least = length == 3 and 0x800 or length == 4 and 0x10000 or 0x80
  if point < least or point > 0x10FFFF or (point >= 0xD800 and point <= 0xDFFF) then return nil end
  return point, length
end

local function is_control(point)
  return point < 0x20 or (point >= 0x7F and point <= 0x9F) or point == 0x200E or point == 0x200F
    or (point >= 0x2028 and point <= 0x202E) or (point >= 0x2066 and point <= 0x2069)
end

--- What is wrong with a text, or nil. `is_plain`: without control characters and those that turn a line around.
local function text_fault(text, is_plain)
  local at = 1
  while at <= #text do
    local point, length = code_point_at(text, at)
    if point == nil then return "is not UTF-8" end
    if is_plain and is_control(point) then return "has a control character" end
    at = at + length
  end
  return nil
end

-- Declaring fields -----------------------------------------------------------------------------------------------------------

-- What reading a field wants to know of it.
local labels, widths, words_of = {}, {}, {}

--- A protocol with fields `{ key, kind, label, shown }`; returns both, the fields by their key. `shown` is the words for the
-- numbers from 0 (`{ [0] = "no", "yes" }`) or 1 (`{ "one", "two" }`), or a base; without it, numbers are decimal.
function reading.protocol(name, title, declarations)
  local proto = Proto(name, title)
  local fields, list = {}, {}
  for _, declared in ipairs(declarations) do
    local key, kind, label, shown = declared[1], declared[2], declared[3], declared[4]
    local words = type(shown) == "table" and shown or nil
    local bits = kind:match("^uint(%d+)$")
    local field
    if bits then field = ProtoField[kind](name .. "." .. key, label, not words and shown or base.DEC, words)
    else field = ProtoField[kind](name .. "." .. key, label) end
    labels[field], widths[field], words_of[field] = label, bits and bits / 8, words
    fields[key] = field
    list[#list + 1] = field
  end
  proto.fields = list
  return proto, fields
end

-- Reading fields -------------------------------------------------------------------------------------------------------------

--- Reads fields one after another into a tree (none: only for their lengths). What is no field of the protocol ends it with a
-- `fault`, which calls the field what the tree calls it; where bytes are missing that may still come (`may_come`), it ends with how
-- many are `wanted`. Lengths and counts that are no fields are told by a name.
local Reader = {}
Reader.__index = Reader

function reading.reader(tvb, from, to, tree, may_come)
  return setmetatable({ tvb = tvb, at = from, limit = to, tree = tree, may_come = may_come, root = tree, shown = 0 }, Reader)
end

--- Where the next field is to be shown, if anywhere.
function Reader:place()
  if self.tree == nil or self.shown > MOST_SHOWN then return nil end
  self.shown = self.shown + 1
  if self.shown <= MOST_SHOWN then return self.tree end
  self.root:append_text(", its first " .. MOST_SHOWN .. " fields")
  return nil
end

local function show(reader, field, range)
  local tree = reader:place()
  if tree then tree:add(field, range) end
end

function Reader:fault(text) error({ fault = text }, 0) end

local function fault_of(reader, what, text) reader:fault('"' .. (labels[what] or what) .. '" ' .. text) end

function Reader:left() return self.limit - self.at end

function Reader:take(length, what)
  local left = self.limit - self.at
  if length > left then
    if self.may_come then error({ wanted = length - left }, 0) end
    fault_of(self, what, string.format("takes %.0f bytes, and %d are left", length, left))
  end
  local range = self.tvb:range(self.at, length)
  self.at = self.at + length
  return range
end

local function checked(reader, value, what, min, max, is_length)
  if value < (min or 0) or value > (max or value) then
    fault_of(reader, what, string.format("%s %.0f, not %.0f to %.0f", is_length and "has a length of" or "is", value, min or 0, max or MAX_SAFE))
  end
  return value
end

--- The number in so many bytes.
local function number_in(reader, range, what)
  if range:len() < 8 then return range:uint() end
  local high = range:range(0, 4):uint()
  if high >= UNSAFE_HIGH then fault_of(reader, what, "is above 2^53 - 1") end
  return high * TWO_32 + range:range(4, 4):uint()
end

--- A number from `min` (0 unless told otherwise) to `max`, of as many bytes as its field, unless told otherwise.
function Reader:uint(field, min, max, width)
  local range = self:take(width or widths[field], field)
  show(self, field, range)
  return checked(self, number_in(self, range, field), field, min, max)
end

--- A number that must have a word; returns both.
function Reader:word(field)
  local words = words_of[field]
  local value = self:uint(field, words[0] and 0 or 1, #words)
  return value, words[value]
end

function Reader:flag(field) return self:uint(field, 0, 1) == 1 end

function Reader:bytes(length, field)
  local range = self:take(length, field)
  show(self, field, range)
  return range
end

--- As `bytes`, of which there may be none.
function Reader:some(length, field)
  if length > 0 then self:bytes(length, field) end
end

--- All that is left, of which there may be `min` to `max` bytes.
function Reader:rest(field, min, max)
  self:some(checked(self, self:left(), field, min, max, true), field)
end

--- So many bytes of UTF-8, whatever they hold.
function Reader:characters(length, field)
  local range = self:take(length, field)
  local tree = self:place()
  if tree then tree:add_packet_field(field, range, ENC_UTF_8) end
  return length == 0 and "" or range:raw()
end

--- So many bytes, of which there may be `min` to `max`, that are UTF-8. Options: min, max, plain, check (says what is wrong).
function Reader:utf8(length, field, options)
  checked(self, length, field, options.min, options.max, true)
  local text = self:characters(length, field)
  local fault = text_fault(text, options.plain) or (options.check and options.check(text))
  if fault then fault_of(self, field, fault) end
  return text
end

--- A length of `width` bytes, and then a text of such options.
function Reader:text(width, field, options) return self:utf8(self:length(width, field), field, options) end

--- A length or a count, which is no field of its own.
function Reader:length(width, what) return number_in(self, self:take(width, what), what) end

--- A part of the tree for what `read(self)` reads: an entry of a list, say.
function Reader:group(proto, text, read)
  local outer, from, place = self.tree, self.at, self:place()
  local part = place and place:add(proto, self.tvb:range(from, 0), text)
  self.tree = part or outer
  local ok, failure = pcall(read, self)
  if part then part:set_len(self.at - from) end
  self.tree = outer
  if not ok then error(failure, 0) end
end

function Reader:done()
  if self:left() > 0 then self:fault(self:left() .. " bytes are left over") end
end

return reading
