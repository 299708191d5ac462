--- Dissector of framing (docs/framing.md): a length of 8 bytes, or of 4, and so many bytes of payload.
-- The bytes say nothing of what is in them, so no port is known and nothing is guessed: use the preference, or Decode As.

local common = require("lab-common")
if not common.is_new("framing") then return end

local framing, field = common.protocol("framing", "Lab framing, 8-byte length", {
  { "length", "uint64", "Length", base.DEC },
  { "length4", "uint32", "Length", base.DEC },
  { "payload", "bytes", "Payload" },
})
-- The other width is a protocol of its own, so that Decode As offers both.
local framing4 = Proto("framing4", "Lab framing, 4-byte length")

for _, proto in ipairs({ framing, framing4 }) do
  proto.prefs.max_frame_bytes = Pref.uint("Largest frame", 16777216, "A frame that announces more payload is malformed (F2)")
end

local function dissector(proto, width)
  local connection = common.connections(proto)
  return function(tvb, pinfo, tree)
    common.begin_columns(pinfo, proto.name)
    return common.frames(tvb, pinfo, tree, proto, connection(pinfo), width, proto.prefs.max_frame_bytes, function(at, length, item)
      item:add(width == 8 and field.length or field.length4, tvb:range(at - width, width))
      common.named(pinfo, item, proto.name, length == 0 and "empty" or "frame", length > 0 and (length .. " bytes") or nil)
      if length > 0 then item:add(field.payload, tvb:range(at, length)) end
    end)
  end
end

framing.dissector = dissector(framing, 8)
framing4.dissector = dissector(framing4, 4)
common.ports(framing, "tcp", "")
common.ports(framing4, "tcp", "")
