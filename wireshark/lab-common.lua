--- What the dissectors of this folder share: what is told of a message, frames, and what is kept of a connection.
-- Written for Wireshark 4.0 (Lua 5.2); nothing in it is of one Lua version alone.

-- Where the folder is a folder of plugins, Wireshark runs this file too, perhaps after a dissector has asked for it.
if package.loaded["lab-common"] then return package.loaded["lab-common"] end

local reading = require("lab-reading")
local common = { protocol = reading.protocol, reader = reading.reader }
package.loaded["lab-common"] = common

local TWO_32 = 4294967296
-- With a high word from here on, an integer is above 2^53 - 1: no number of ours.
local UNSAFE_HIGH = 2097152

local lab = Proto("lab", "What the lab's dissectors found")
local message_field = ProtoField.string("lab.message", "Message")
local fault_field = ProtoField.string("lab.fault", "What is wrong")
local note_field = ProtoField.string("lab.note", "Not dissected")
lab.fields = { message_field, fault_field, note_field }
local malformed = ProtoExpert.new("lab.malformed", "Malformed message", expert.group.MALFORMED, expert.severity.ERROR)
local undissected = ProtoExpert.new("lab.undissected", "Not dissected", expert.group.UNDECODED, expert.severity.NOTE)
lab.experts = { malformed, undissected }

local tcp_stream = Field.new("tcp.stream")

-- What dissects a protocol, to be called without Wireshark between, which counts the calls and puts nothing together behind two.
local functions = {}

local loaded = {}
--- Whether a dissector is to be made: by `lab.lua` and as a plugin, its file may be run twice.
function common.is_new(name)
  local is_new = not loaded[name]
  loaded[name] = true
  return is_new
end

-- What is told of a message --------------------------------------------------------------------------------------------------

local function generated(tree, field, text)
  tree:add(field, text):set_generated()
end

--- Begins the columns of a packet; what messages before it in the same packet said stays.
function common.begin_columns(pinfo, name)
  pinfo.cols.protocol:set(name)
  pinfo.cols.info:clear()
end

--- What a peer wrote, in characters that a line, a terminal and whoever reads `tshark -T fields` can bear.
local function printable(text) return (text:gsub("[^ -~]", ".")) end

local function say(pinfo, text)
  pinfo.cols.info:append(text .. "  ")
  pinfo.cols.info:fence()
end

--- A message is known by its name: `rake BID`. `lab.message` counts it, whatever is wrong with the rest of it.
function common.named(pinfo, tree, protocol, name, more)
  name, more = printable(name), more and printable(more)
  tree:append_text(", " .. name .. (more and (": " .. more) or ""))
  generated(tree, message_field, protocol .. " " .. name)
  say(pinfo, name .. (more and ("(" .. more .. ")") or ""))
end

--- More of a message that was named in an earlier packet.
function common.continued(pinfo, tree, name, more)
  tree:append_text(", more of a " .. name .. ": " .. more)
  say(pinfo, name .. "(" .. more .. ")")
end

function common.mark(pinfo, tree, text)
  generated(tree, fault_field, text)
  tree:add_proto_expert_info(malformed, "Malformed: " .. text)
  say(pinfo, "[Malformed: " .. text .. "]")
end

function common.note(pinfo, tree, text)
  generated(tree, note_field, text)
  tree:add_proto_expert_info(undissected, text)
  say(pinfo, "[" .. text .. "]")
end

--- Runs `read`, which may end with a fault or want more bytes: whether it did not, and else that. An error of ours goes on.
function common.try(read)
  local ok, failure = pcall(read)
  if not ok and type(failure) ~= "table" then error(failure, 0) end
  return ok, failure
end

--- Runs `read` and marks the tree where it ends with a fault, or says what is too long to be put together (`unshown`). Returns
-- whether all was right.
function common.attempt(pinfo, tree, read)
  local ok, failure = common.try(read)
  if ok then return true end
  if failure.unshown then common.note(pinfo, tree, failure.unshown .. ", more than is put together")
  else common.mark(pinfo, tree, failure.fault) end
  return false
end

-- Connections ----------------------------------------------------------------------------------------------------------------

--- Dissects TCP connections: `dissect(tvb, pinfo, tree, state)`, where `state` is what is known of the connection, forgotten
-- when another capture is opened.
function common.on_connections(proto, name, dissect)
  local known = {}
  function proto.init() known = {} end
  local function dissector(tvb, pinfo, tree)
    common.begin_columns(pinfo, name)
    local field = tcp_stream()
    local stream = field and field.value or (math.min(pinfo.src_port, pinfo.dst_port) .. "/" .. math.max(pinfo.src_port, pinfo.dst_port))
    known[stream] = known[stream] or { ended = {}, told = {}, said = {} }
    return dissect(tvb, pinfo, tree, known[stream])
  end
  proto.dissector, functions[proto] = dissector, dissector
end

--- What a message made of the connection's state, worked out when it is seen first and the same whenever it is looked at again.
function common.once(state, pinfo, tvb, offset, work_out)
  local key = pinfo.number .. ":" .. tvb:offset() .. ":" .. offset
  local told = state.told[key]
  if told == nil then
    told = { work_out() }
    state.told[key] = told
  end
  return (table.unpack or unpack)(told)
end

--- Whether this packet comes from the client: the side that said what clients alone say. `by` is "client" or "server", of a
-- message that one side alone may say, else nil. Returns a fault where that side has said what the other alone may say.
function common.speaker(state, pinfo, by, name)
  if by and not state.client_port then
    state.client_port = by == "client" and pinfo.src_port or pinfo.dst_port
  end
  if not by or not state.client_port then return nil end
  local is_client = pinfo.src_port == state.client_port
  if is_client == (by == "client") then return nil end
  return "a " .. name .. " from a " .. (is_client and "client" or "server")
end

--- Asks for more of the stream. Without reassembly, what is there is shown as a part.
function common.wait(tvb, pinfo, tree, proto, offset, wanted)
  if pinfo.can_desegment > 0 then
    pinfo.desegment_offset = offset
    pinfo.desegment_len = wanted
  else
    common.note(pinfo, tree:add(proto, tvb:range(offset)), "a part of a message: TCP streams are not reassembled")
  end
  return tvb:len()
end

--- Behind a fault nobody knows where a message begins: this direction of the stream is dissected no more.
function common.give_up(state, pinfo)
  if state.ended[pinfo.src_port] == nil then state.ended[pinfo.src_port] = pinfo.number end
end

--- Whether this direction ended in an earlier packet.
function common.is_over(state, pinfo, tvb, tree, proto)
  local ended = state.ended[pinfo.src_port]
  if ended == nil or pinfo.number <= ended then return false end
  local item = tree:add(proto, tvb:range())
  common.note(pinfo, item, "behind what ends the connection in packet " .. ended)
  return true
end

--- The length of a frame from `offset` on, of `width` bytes; nil, after a mark that ends the direction, where it is above `limit`.
function common.length_at(tvb, pinfo, tree, proto, state, offset, width, limit)
  local high = width == 8 and tvb:range(offset, 4):uint() or 0
  local low = tvb:range(offset + width - 4, 4):uint()
  local length = high * TWO_32 + low
  if high < UNSAFE_HIGH and length <= limit then return length end
  common.give_up(state, pinfo)
  local shown = width == 8 and tostring(tvb:range(offset, 8):uint64()) or tostring(low)
  common.mark(pinfo, tree:add(proto, tvb:range(offset)), string.format("a frame of %s bytes, at most %.0f are taken", shown, limit))
  return nil
end

--- Walks over frames of `width` bytes of length, cut anywhere, several in a segment. `each(payload offset, length, item)` dissects
-- a payload; the item stands for the whole frame. A frame above `limit` ends the direction.
function common.frames(tvb, pinfo, tree, proto, state, width, limit, each)
  if common.is_over(state, pinfo, tvb, tree, proto) then return tvb:len() end
  local offset, size = 0, tvb:len()
  while offset < size do
    local left = size - offset
    if left < width then return common.wait(tvb, pinfo, tree, proto, offset, width - left) end
    local length = common.length_at(tvb, pinfo, tree, proto, state, offset, width, limit)
    if length == nil then return size end
    if left < width + length then return common.wait(tvb, pinfo, tree, proto, offset, width + length - left) end
    local item = tree:add(proto, tvb:range(offset, width + length))
    each(offset + width, length, item)
    offset = offset + width + length
  end
  return size
end

--- How to dissect frames with a length of 8 bytes, each of which holds one message: `message(read, pinfo, item, state)`. The limit
-- is a number of bytes, or the name of a preference.
function common.framed(proto, field, limit, message)
  return function(tvb, pinfo, tree, state)
    return common.frames(tvb, pinfo, tree, proto, state, 8, type(limit) == "string" and proto.prefs[limit] or limit, function(at, length, item)
      item:add(field.length, tvb:range(at - 8, 8))
      local read = common.reader(tvb, at, at + length, item)
      common.attempt(pinfo, item, function() message(read, pinfo, item, state) end)
    end)
  end
end

-- Ports ----------------------------------------------------------------------------------------------------------------------

--- A preference for the ports of a protocol, in the tables of `tcp` or `udp`. The protocol is offered in Decode As all the same.
function common.ports(proto, transport, default)
  local dissectors = DissectorTable.get(transport .. ".port")
  local preference = transport .. "_ports"
  local registered = ""
  proto.prefs[preference] = Pref.range(transport:upper() .. " ports", default, "Ports on which servers listen, such as 6000-6009,7000", 65535)
  local function register()
    local ports = tostring(proto.prefs[preference])
    if ports == registered then return end
    if registered ~= "" then dissectors:remove(registered, proto) end
    if ports ~= "" then dissectors:add(ports, proto) end
    registered = ports
  end
  proto.prefs_changed = register
  register()
  dissectors:add_for_decode_as(proto)
end

--- Takes a connection whose first bytes `looks_right(tvb)` knows, on whatever port; and of datagrams each that it knows, all that follow
--- between the two sockets too where its second value says that nothing else can be meant: what is damaged then is marked.
function common.heuristic(proto, transport, looks_right)
  proto:register_heuristic(transport, function(tvb, pinfo, tree)
    local is_right, is_certain = looks_right(tvb)
    if not is_right then return false end
    if transport == "tcp" or is_certain then pinfo.conversation = proto end
    local dissect = functions[proto] or proto.dissector
    dissect(tvb, pinfo, tree)
    return true
  end)
end

return common
