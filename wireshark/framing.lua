--- Dissector of framing (docs/framing.md): a length of 8 bytes, or of 4, and so many bytes of payload.
-- The bytes say nothing of what is in them, so no port is known and nothing is guessed: use the preference, or Decode As.

local common = require("lab-common")
if not common.is_new("framing") then return end

--- Each width is a protocol of its own, so that Decode As offers both.
local function framing(name, title, width)
  local proto, field = common.protocol(name, title, {
    { "length", width == 8 and "uint64" or "uint32", "Length" },
    { "payload", "bytes", "Payload" },
  })
  proto.prefs.max_frame_bytes = Pref.uint("Largest frame", 16777216, "A frame that announces more payload is malformed (F2)")

  local function frame(tvb, pinfo, at, length, item)
    item:add(field.length, tvb:range(at - width, width))
    common.named(pinfo, item, name, length == 0 and "empty" or "frame", length > 0 and (length .. " bytes") or nil)
    if length > 0 then item:add(field.payload, tvb:range(at, length)) end
  end

  common.on_connections(proto, name, function(tvb, pinfo, tree, state)
    return common.frames(tvb, pinfo, tree, proto, state, width, proto.prefs.max_frame_bytes, function(at, length, item)
      frame(tvb, pinfo, at, length, item)
    end)
  end)
  common.ports(proto, "tcp", "")
end

framing("framing", "Lab framing, 8-byte length", 8)
framing("framing4", "Lab framing, 4-byte length", 4)
