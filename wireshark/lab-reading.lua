--- Fields of messages, read one after another, and what is wrong with them. `lab-common.lua` hands them on to the dissectors.

local reading = {}

local TWO_32 = 4294967296
-- With a high word from here on, an integer is above 2^53 - 1: no number of ours.
local UNSAFE_HIGH = 2097152

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
function reading.text_fault(text, is_plain)
  local at = 1
  while at <= #text do
    local point, length = code_point_at(text, at)
    if point == nil then return "is not UTF-8" end
    if is_plain and is_control(point) then return "has a control character" end
    at = at + length
  end
  return nil
end

-- Reading fields -------------------------------------------------------------------------------------------------------------

--- Reads fields one after another into a tree (none: only for their lengths). What is no field of the protocol ends it with a
-- `fault`; where bytes are missing that may still come (`may_come`), it ends with how many are `wanted`.
local Reader = {}
Reader.__index = Reader

function reading.reader(tvb, from, to, tree, may_come)
  return setmetatable({ tvb = tvb, at = from, limit = to, tree = tree, may_come = may_come }, Reader)
end

function Reader:fault(text) error({ fault = text }, 0) end

function Reader:left() return self.limit - self.at end

function Reader:take(length, what)
  local left = self.limit - self.at
  if length > left then
    if self.may_come then error({ wanted = length - left }, 0) end
    self:fault(string.format("%s wants %.0f bytes, %d are left", what, length, left))
  end
  local range = self.tvb:range(self.at, length)
  self.at = self.at + length
  return range
end

local function checked(reader, value, what, min, max)
  if (min and value < min) or (max and value > max) then
    reader:fault(string.format("%s is %.0f, not %.0f to %.0f", what, value, min or 0, max or 9007199254740991))
  end
  return value
end

function Reader:uint(width, field, what, min, max)
  local range = self:take(width, what)
  local value
  if width == 8 then
    local high = range:range(0, 4):uint()
    if self.tree then self.tree:add(field, range) end
    if high >= UNSAFE_HIGH then self:fault(what .. " is above 2^53 - 1") end
    return checked(self, high * TWO_32 + range:range(4, 4):uint(), what, min, max)
  end
  value = range:uint()
  if self.tree then self.tree:add(field, range) end
  return checked(self, value, what, min, max)
end

function Reader:bytes(length, field, what)
  local range = self:take(length, what)
  if self.tree then self.tree:add(field, range) end
  return range
end

--- So many bytes of UTF-8, whatever they hold.
function Reader:characters(length, field, what)
  local range = self:take(length, what)
  if self.tree then self.tree:add_packet_field(field, range, ENC_UTF_8) end
  return length == 0 and "" or range:raw()
end

--- A length of `width` bytes and so many bytes of UTF-8. Options: min, max (bytes), plain, check (of the text, says what is wrong).
function Reader:text(width, field, what, options)
  options = options or {}
  local length = self:length(width, what)
  checked(self, length, "the length of " .. what, options.min, options.max)
  local text = self:characters(length, field, what)
  local fault = reading.text_fault(text, options.plain) or (options.check and options.check(text))
  if fault then self:fault(what .. " " .. fault) end
  return text
end

--- An integer that is no field of its own: a length or a count.
function Reader:length(width, what)
  local range = self:take(width, "the length of " .. what)
  if width < 8 then return range:uint() end
  local high = range:range(0, 4):uint()
  if high >= UNSAFE_HIGH then self:fault("the length of " .. what .. " is above 2^53 - 1") end
  return high * TWO_32 + range:range(4, 4):uint()
end

--- A part of the tree for what `read` reads: an entry of a list, say.
function Reader:group(proto, text, read)
  local outer, from = self.tree, self.at
  if outer then self.tree = outer:add(proto, self.tvb:range(from, 0), text) end
  local ok, failure = pcall(read)
  if outer then
    self.tree:set_len(self.at - from)
    self.tree = outer
  end
  if not ok then error(failure, 0) end
end

function Reader:done()
  if self:left() > 0 then self:fault(self:left() .. " bytes are left over") end
end

return reading
