--- Dissector of HFTP (docs/hftp.md) over TCP: lines of text, and replies whose shape depends on the request that they answer.

local common = require("lab-common")
if not common.is_new("hftp") then return end

local COMMANDS = { get_file_listing = true, get_metadata = true, get_slice = true, help = true, quit = true }
local TEXTS = {
  [0] = "OK", [100] = "BAD EOL", [101] = "BAD REQUEST", [199] = "INTERNAL SERVER ERROR", [200] = "NO SUCH COMMAND",
  [201] = "INVALID ARGUMENTS FOR COMMAND", [202] = "FILE NOT FOUND", [203] = "OFFSET EXCEEDS FILE SIZE",
}
local MAX_NAME, MAX_REPLY_LINE = 255, 8192

local hftp, field = common.protocol("hftp", "Home-made File Transfer Protocol", {
  { "request", "string", "Request" },
  { "command", "string", "Command" },
  { "name", "string", "File" },
  { "offset", "string", "Offset" },
  { "size", "string", "Size" },
  { "raw", "string", "Raw" },
  { "code", "uint32", "Code", TEXTS },
  { "text", "string", "Text" },
  { "reply_to", "string", "In reply to" },
  { "file_size", "string", "Size of the file" },
  { "listed", "string", "Listed" },
  { "content_length", "uint64", "Content length" },
  { "base64", "string", "Base64" },
  { "body", "bytes", "Raw bytes" },
})
hftp.prefs.max_body_bytes = Pref.uint("Longest body", 16777216, "A slice of more bytes is not put together")
hftp.prefs.max_line_bytes = Pref.uint("Longest line", 8388608, "A longer line of a client is BAD REQUEST (H10)")

-- Lines ----------------------------------------------------------------------------------------------------------------------

--- Where the line from `at` on ends: its text and what follows it. Nil where its end has not come.
local function line_at(text, at)
  local stop = text:find("\n", at, true)
  if stop == nil then return nil end
  return text:sub(at, stop - 1), stop + 1
end

local function name_fault(name) return not name:find("^[A-Za-z0-9._-]+$") end
local function is_number(digits) return digits ~= nil and digits:find("^%d+$") ~= nil end

--- What a server says to a line (H3, H9, H12, H14): the code, or nil for a request that is one.
local function refusal(line, elements)
  local command = elements[1]
  if line:find("[\128-\255]") or line == "" then return 101 end
  if not COMMANDS[command] then return 200 end
  if command == "get_metadata" then
    if #elements ~= 2 or name_fault(elements[2]) then return 201 end
  elseif command == "get_slice" then
    local is_raw = #elements == 5 and elements[5] == "raw"
    if not (#elements == 4 or is_raw) or name_fault(elements[2]) then return 201 end
    if not is_number(elements[3]) or not is_number(elements[4]) then return 201 end
  elseif #elements ~= 1 then
    return 201
  end
  return elements[2] and #elements[2] > MAX_NAME and 202 or nil
end

--- What blanks part; no more of it than tells that it is too much.
local function elements_of(line)
  local elements = {}
  for element in (line .. " "):gmatch("([^ ]*) ") do
    elements[#elements + 1] = element
    if #elements > 5 then break end
  end
  return elements
end

--- How far what the bytes begin with was looked at already, when less of it had come. A long line in many segments would take
-- for ever if each segment made all of it be read again.
local function looked_at(state, pinfo, tvb)
  local before = state.looked[pinfo.src_port]
  return before and tvb:len() >= before.to and #before.head > 0 and tvb:range(0, #before.head):raw() == before.head and before.to or 0
end

--- Waits for more of what begins at the offset `from`, and was looked at up to `to`.
local function wait(tvb, pinfo, tree, state, from, to, wanted)
  if not pinfo.visited then
    state.looked[pinfo.src_port] = { head = to > from and tvb:range(from, math.min(32, to - from)):raw() or "", to = to - from }
  end
  return common.wait(tvb, pinfo, tree, hftp, from, wanted)
end

-- Requests -------------------------------------------------------------------------------------------------------------------

local function request(tvb, pinfo, tree, state, at, length, line)
  local item = tree:add(hftp, tvb:range(at, length))
  item:add_packet_field(field.request, tvb:range(at, #line), ENC_UTF_8)
  local elements = elements_of(line)
  local code = refusal(line, elements)
  local command = COMMANDS[elements[1]] and elements[1] or "other"
  common.named(pinfo, item, "hftp", command, command ~= "other" and line:sub(#command + 2, 60) ~= "" and line:sub(#command + 2, 60) or nil)
  local from = at
  for index, key in ipairs({ "command", "name", "offset", "size", "raw" }) do
    local element = elements[index]
    if element then
      if #element > 0 then item:add_packet_field(field[key], tvb:range(from, #element), ENC_UTF_8) end
      from = from + #element + 1
    end
  end
  if code then common.mark(pinfo, item, "a server says " .. code .. " " .. TEXTS[code]) end
  common.once(state, pinfo, tvb, at, function()
    state.requests[#state.requests + 1] = { command = command, code = code, size = tonumber(elements[4]), raw = elements[5] == "raw" }
    return true
  end)
end

local function offence(tvb, pinfo, tree, state, at, code)
  local item = tree:add(hftp, tvb:range(at))
  common.named(pinfo, item, "hftp", "other")
  common.mark(pinfo, item, "a server says " .. code .. " " .. TEXTS[code])
  common.once(state, pinfo, tvb, at, function()
    state.requests[#state.requests + 1] = { command = "other", code = code }
    return true
  end)
  common.give_up(state, pinfo)
  return tvb:len()
end

local function requests(tvb, pinfo, tree, state)
  local size, looked = tvb:len(), looked_at(state, pinfo, tvb)
  local function is_too_long(length) return length > hftp.prefs.max_line_bytes end
  if looked > 0 and looked < size and not is_too_long(size) and not tvb:range(looked):raw():find("[\n\128-\255]") then
    return wait(tvb, pinfo, tree, state, 0, size, DESEGMENT_ONE_MORE_SEGMENT)
  end
  local text, at = tvb:raw(), 1
  -- What ends a connection by itself (H4, H9), be there an end of the line or not.
  local high = text:find("[\128-\255]")
  while at <= size do
    local stop = text:find("\n", at, true)
    local code
    if high and (stop == nil or high < stop) then code = 101
    elseif stop == nil then code = is_too_long(size - at + 1) and 101 or nil
    elseif text:sub(math.max(at, stop - 1), stop - 1) ~= "\r" then code = 100
    elseif stop == at + 1 then code = 101 end
    if code then return offence(tvb, pinfo, tree, state, at - 1, code) end
    if stop == nil then return wait(tvb, pinfo, tree, state, at - 1, size, DESEGMENT_ONE_MORE_SEGMENT) end
    request(tvb, pinfo, tree, state, at - 1, stop + 1 - at, text:sub(at, stop - 2))
    at = stop + 1
  end
  return size
end

-- Replies --------------------------------------------------------------------------------------------------------------------

--- Reads lines of a reply; a line that has not ended asks for more of the stream.
local Lines = {}
Lines.__index = Lines

function Lines:next(what)
  local line, behind = line_at(self.text, self.at)
  if line == nil then
    if self.limit and #self.text - self.at >= self.limit then error({ fault = what .. " is too long" }, 0) end
    error({ wanted = DESEGMENT_ONE_MORE_SEGMENT }, 0)
  end
  if line:sub(-1) ~= "\r" or line:find("\r", 1, true) ~= #line then error({ fault = what .. " does not end in CR LF" }, 0) end
  local from = self.at
  self.at = behind
  return line:sub(1, -2), from - 1
end

--- Shows a field: a value of ours, or else the text that stands there.
function Lines:add(key, at, length, value)
  if self.item == nil or length == 0 then return end
  local range = self.tvb:range(at, length)
  if value == nil then self.item:add_packet_field(field[key], range, ENC_UTF_8) else self.item:add(field[key], range, value) end
end

local function names(lines)
  -- Whole names alone were looked at.
  if lines.looked and lines.looked >= lines.at then lines.at = lines.looked + 1 end
  while true do
    lines.names_at = lines.at
    local name, at = lines:next("a name")
    if name == "" then return end
    lines:add("listed", at, #name)
  end
end

local function whole_number(digits)
  local number = digits:find("^%d+$") and #digits <= 16 and tonumber(digits)
  return number and number < 9007199254740992 and number or nil
end

local function file_size(lines)
  local digits, at = lines:next("the size")
  if not whole_number(digits) then error({ fault = "a size is a decimal number below 2^53" }, 0) end
  lines:add("file_size", at, #digits)
end

local function base64_bytes(line)
  local padding = line:match("=*$")
  if #line % 4 ~= 0 or #padding > 2 or line:sub(1, #line - #padding):find("[^A-Za-z0-9+/]") then
    error({ fault = "a line that is no base64" }, 0)
  end
  return #line / 4 * 3 - #padding
end

--- One line or several, of exactly `size` bytes together (H38).
local function base64(lines, size)
  local got = 0
  repeat
    -- At least so many characters are to come: the whole of a long line is waited for at once.
    local least = math.ceil((size - got) / 3) * 4 + 2 - (#lines.text - lines.at + 1)
    if not line_at(lines.text, lines.at) then
      if lines.text:find("[^A-Za-z0-9+/=\r]", lines.at) then error({ fault = "a line that is no base64" }, 0) end
      if lines.text:find("\r[^\n]", lines.at) then error({ fault = "the base64 has a CR within" }, 0) end
      if least > 0 then error({ wanted = least }, 0) end
    end
    local line, at = lines:next("the base64")
    local bytes = base64_bytes(line)
    if bytes == 0 and got < size then error({ fault = string.format("%.0f bytes where %.0f were asked for", got, size) }, 0) end
    got = got + bytes
    if got > size then error({ fault = string.format("more than the %.0f bytes that were asked for", size) }, 0) end
    lines:add("base64", at, #line)
  until got >= size
end

local function raw(lines, size)
  local header, at = lines:next("the header")
  local digits = header:match("^[Cc][Oo][Nn][Tt][Ee][Nn][Tt]%-[Ll][Ee][Nn][Gg][Tt][Hh]: *(%d+)$")
  local length = digits and whole_number(digits)
  if not length then error({ fault = "a raw body begins with Content-Length: and a number" }, 0) end
  lines:add("content_length", at, #header, UInt64(length % 4294967296, math.floor(length / 4294967296)))
  if length ~= size then error({ fault = digits .. string.format(" bytes were announced where %.0f were asked for", size) }, 0) end
  if lines:next("the empty line") ~= "" then error({ fault = "an empty line belongs between header and raw bytes" }, 0) end
  local left = #lines.text - lines.at + 1
  if left < size then error({ wanted = size - left }, 0) end
  if lines.item and size > 0 then lines.item:add(field.body, lines.tvb:range(lines.at - 1, size)) end
  lines.at = lines.at + size
end

local function reply_body(lines, asked, code)
  if code ~= 0 or asked == nil or asked.code or asked.command == "quit" then return end
  if asked.command == "get_metadata" then return file_size(lines) end
  if asked.command ~= "get_slice" then return names(lines) end
  if asked.size > hftp.prefs.max_body_bytes then error({ unshown = string.format("a slice of %.0f bytes", asked.size) }, 0) end
  if asked.raw then return raw(lines, asked.size) end
  return base64(lines, asked.size)
end

local function reply(lines, pinfo, asked)
  lines.limit = MAX_REPLY_LINE
  local line, at = lines:next("a status line")
  local digits, text = line:match("^(%d%d?%d?) (.+)$")
  if digits == nil or (#digits > 1 and digits:sub(1, 1) == "0") then
    error({ fault = "a status line is a code, a space and a text" }, 0)
  end
  local code = tonumber(digits)
  if lines.item then
    lines:add("code", at, #digits, code)
    lines:add("text", at + #digits + 1, #text)
    common.named(pinfo, lines.item, "hftp", digits .. " " .. text, asked and asked.command or nil)
    if asked then lines.item:add(field.reply_to, asked.command):set_generated() end
  end
  lines.limit = nil
  reply_body(lines, asked, code)
  if lines.item and asked == nil then common.note(pinfo, lines.item, "nobody was seen to ask for this reply") end
end

local function lines_from(tvb, text, at, item)
  return setmetatable({ tvb = tvb, text = text, at = at, item = item }, Lines)
end

local function replies(tvb, pinfo, tree, state)
  local text, at = tvb:raw(), 1
  while at <= #text do
    local key = pinfo.number .. ":" .. tvb:offset() .. ":" .. at
    local asked = state.answers[key]
    if asked == nil then asked = state.requests[state.answered + 1] or false end
    local measured = lines_from(tvb, text, at)
    measured.looked = at == 1 and looked_at(state, pinfo, tvb) or nil
    local ok, failure = common.try(function() reply(measured, pinfo, asked or nil) end)
    if not ok and failure.wanted then
      return wait(tvb, pinfo, tree, state, at - 1, (measured.names_at or at) - 1, failure.wanted)
    end
    if state.answers[key] == nil then
      state.answers[key] = asked
      if asked then state.answered = state.answered + 1 end
    end
    local item = tree:add(hftp, tvb:range(at - 1, ok and measured.at - at or nil))
    local lines = lines_from(tvb, text, at, item)
    if not common.attempt(pinfo, item, function() reply(lines, pinfo, asked or nil) end) then
      common.give_up(state, pinfo)
      return tvb:len()
    end
    at = lines.at
  end
  return tvb:len()
end

-- Which side ----------------------------------------------------------------------------------------------------------------

common.on_connections(hftp, "hftp", function(tvb, pinfo, tree, state)
  if state.requests == nil then state.requests, state.answers, state.answered, state.looked = {}, {}, 0, {} end
  if common.is_over(state, pinfo, tvb, tree, hftp) then return tvb:len() end
  -- The client speaks first. Where the beginning is missing, a port of ours is the server's, and so is who begins with a code.
  if state.client_port == nil then
    local port = pinfo.match_uint or 0
    local is_reply = tvb:raw():find("^%d+ ") ~= nil
    if port ~= 0 and port == pinfo.dst_port then state.client_port = pinfo.src_port
    elseif (port ~= 0 and port == pinfo.src_port) or is_reply then state.client_port = pinfo.dst_port
    else state.client_port = pinfo.src_port end
  end
  if pinfo.src_port == state.client_port then return requests(tvb, pinfo, tree, state) end
  return replies(tvb, pinfo, tree, state)
end)

common.ports(hftp, "tcp", "19500")
-- A whole request of HFTP's own; `help` and `quit` are said in other protocols too.
common.heuristic(hftp, "tcp", function(tvb)
  local line = tvb:range(0, math.min(tvb:len(), 300)):raw():match("^(get_[^\r\n]*)\r\n")
  return line ~= nil and refusal(line, elements_of(line)) == nil
end)
