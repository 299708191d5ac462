--- Dissector of framing (docs/framing.md): a length of 8 bytes, or of 4, and so many bytes of payload.
-- The bytes say nothing of what is in them, so no port is known and nothing is guessed: use the preference, or Decode As.

local common = require("lab-common")
if not common.is_new("framing") then return end

local MAX_SAFE = 9007199254740991

local function uint64(number) return UInt64(number % 4294967296, math.floor(number / 4294967296)) end

--- Each width is a protocol of its own, so that Decode As offers both.
local function framing(name, title, width)
  local proto, field = common.protocol(name, title, {
    { "length", width == 8 and "uint64" or "uint32", "Length" },
    { "payload", "bytes", "Payload" },
    { "body_at", "uint64", "Place in the body" },
    { "body_length", "uint64", "Length of the body" },
  })
  proto.prefs.max_frame_bytes = Pref.uint("Largest frame", 16777216, "A frame that announces more payload is malformed (F2)")
  proto.prefs.bodies =
    Pref.bool("Payloads are bodies", false, "Payloads are shown piece by piece, as they arrive, and may have any length (F14)")

  local function frame(tvb, pinfo, at, length, item)
    item:add(field.length, tvb:range(at - width, width))
    common.named(pinfo, item, name, length == 0 and "empty" or "frame", length > 0 and (length .. " bytes") or nil)
    if length > 0 then item:add(field.payload, tvb:range(at, length)) end
  end

  --- What this segment holds of a body, from `offset` on: a header of so many bytes, and payload behind the `have` bytes that came
  -- before. Returns where it ends, and how many came with it.
  local function piece(tvb, pinfo, tree, offset, header, length, have)
    local taken = math.min(length - have, tvb:len() - offset - header)
    local item = tree:add(proto, tvb:range(offset, header + taken))
    local told = string.format("%.0f bytes", length)
    if taken < length then told = string.format("%.0f to %.0f of ", have, have + taken) .. told end
    if header > 0 then
      item:add(field.length, tvb:range(offset, width))
      common.named(pinfo, item, name, length == 0 and "empty" or "body", length > 0 and told or nil)
    else
      common.continued(pinfo, item, "body", told)
    end
    if taken < length then
      item:add(field.body_at, uint64(have)):set_generated()
      item:add(field.body_length, uint64(length)):set_generated()
    end
    if taken > 0 then item:add(field.payload, tvb:range(offset + header, taken)) end
    return offset + header + taken, have + taken
  end

  --- Nothing is put together but the lengths. `state.said` holds the body of each direction that has begun and not ended.
  local function bodies(tvb, pinfo, tree, state)
    if common.is_over(state, pinfo, tvb, tree, proto) then return tvb:len() end
    local offset, size = 0, tvb:len()
    while offset < size do
      local begun = common.once(state, pinfo, tvb, offset, function() return state.said[pinfo.src_port] or false end)
      local length, have = begun and begun.length, begun and begun.have or 0
      if not begun then
        if size - offset < width then return common.wait(tvb, pinfo, tree, proto, offset, width - (size - offset)) end
        length = common.length_at(tvb, pinfo, tree, proto, state, offset, width, MAX_SAFE)
        if length == nil then return size end
      end
      offset, have = piece(tvb, pinfo, tree, offset, begun and 0 or width, length, have)
      if not pinfo.visited then state.said[pinfo.src_port] = have < length and { length = length, have = have } or nil end
    end
    return size
  end

  common.on_connections(proto, name, function(tvb, pinfo, tree, state)
    if proto.prefs.bodies then return bodies(tvb, pinfo, tree, state) end
    return common.frames(tvb, pinfo, tree, proto, state, width, proto.prefs.max_frame_bytes, function(at, length, item)
      frame(tvb, pinfo, at, length, item)
    end)
  end)
  common.ports(proto, "tcp", "")
end

framing("framing", "Lab framing, 8-byte length", 8)
framing("framing4", "Lab framing, 4-byte length", 4)
