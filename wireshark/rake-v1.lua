--- The messages of rake's wire v1 (docs/rake.md R8, R9), for `rake.lua`, which declares their fields and knows the dialect.

local common = require("lab-common")

local v1 = {}
v1.NAMES = {
  "QUOTE_REQUEST", "QUOTE_REPLY", "BIN_FILE", "SEND_FILE", "EXECUTE", "RETURN_STATUS", "RETURN_STDOUT", "RETURN_STDERR",
  "RETURN_FILE", "ACK", "NO_OUTPUT",
}
local MAX_COMMAND = 65536

local V1_SPEAKERS = { [1] = "client", [3] = "client", [4] = "client", [5] = "client" }
local CLIENT_OPENS = { [1] = true, [3] = true, [4] = true, [5] = true }
local SERVER_OPENS = { [2] = true, [6] = true, [7] = true, [8] = true, [10] = true, [11] = true }
local FILES_OR_EXECUTE = { [3] = true, [4] = true, [5] = true }
-- What may come behind a message; behind any other nothing comes.
local BEHIND = {
  [3] = FILES_OR_EXECUTE, [4] = FILES_OR_EXECUTE, [6] = { [9] = true },
  [10] = { [6] = true, [7] = true, [8] = true, [10] = true, [11] = true },
}

function v1.dissector(rake, field, path_fault)
  local function basename_fault(name) return name:find("/", 1, true) and "is not a basename" or path_fault(name) end

  local function v1_body(read, width)
    local length = read:length(width, field.v1_bytes)
    if length > rake.prefs.max_v1_bytes then error({ unshown = string.format("%.0f bytes of a file or stream", length) }, 0) end
    read:some(length, field.v1_bytes)
  end

  local function v1_fields(read, width, code)
    if code == 2 then read:uint(field.v1_cost, 0, nil, width)
    elseif code == 5 then read:text(width, field.command, { max = MAX_COMMAND })
    elseif code == 6 or code == 11 then read:uint(field.v1_status, 0, 0, width)
    elseif code == 7 or code == 8 then
      read:uint(field.v1_status, 1, nil, width)
      v1_body(read, width)
    elseif code == 3 or code == 4 or code == 9 then
      read:text(width, field.v1_name, { max = 255, check = basename_fault })
      v1_body(read, width)
    end
  end

  -- Each direction has an order of its own; a fault in it is told where it was met first.
  local function v1_turn(state, pinfo, code)
    local by = V1_SPEAKERS[code] or "server"
    local fault = common.speaker(state, pinfo, by, v1.NAMES[code] or ("code " .. code))
    if fault then return fault end
    local side = state.said[pinfo.src_port] or { accepted = pinfo.src_port == state.client_port and CLIENT_OPENS or SERVER_OPENS }
    state.said[pinfo.src_port] = side
    if side.accepted == nil then return "bytes behind the last message" end
    if not side.accepted[code] then return "a message of code " .. code .. " where none may be" end
    side.accepted = BEHIND[code]
    return nil
  end

  local function v1_message(read, pinfo, item, state, width, offset, dialect)
    local code = read:uint(field.v1_code, 0, nil, width)
    if not read.tree then
      if v1.NAMES[code] then v1_fields(read, width, code) end
      return
    end
    local name = v1.NAMES[code]
    if name then common.named(pinfo, item, "rake-v1", name, dialect) end
    local fault = common.once(state, pinfo, read.tvb, offset, function()
      return name and v1_turn(state, pinfo, code) or (name == nil and string.format("a message of code %.0f", code)) or nil
    end)
    if fault then read:fault(fault) end
    v1_fields(read, width, code)
  end

  return function(tvb, pinfo, tree, state)
    if common.is_over(state, pinfo, tvb, tree, rake) then return tvb:len() end
    local width, offset = state.dialect == "v1-4" and 4 or 8, 0
    while offset < tvb:len() do
      -- First without a tree: how long is it, and has all of it come?
      local measure = common.reader(tvb, offset, tvb:len(), nil, true)
      local ok, failure = common.try(function() v1_message(measure, pinfo, nil, state, width, offset) end)
      if not ok and failure.wanted then return common.wait(tvb, pinfo, tree, rake, offset, failure.wanted) end
      local item = tree:add(rake, tvb:range(offset, ok and measure.at - offset or nil))
      item:add(field.dialect, state.dialect):set_generated()
      if not ok and failure.unshown then
        common.note(pinfo, item, failure.unshown .. ", more than is put together")
        common.give_up(state, pinfo)
        return tvb:len()
      end
      local read = common.reader(tvb, offset, tvb:len(), item)
      local is_right = common.attempt(pinfo, item, function() v1_message(read, pinfo, item, state, width, offset, state.dialect) end)
      if not is_right then
        common.give_up(state, pinfo)
        return tvb:len()
      end
      offset = read.at
    end
    return offset
  end
end

return v1
