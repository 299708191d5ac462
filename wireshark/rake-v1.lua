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

  --- Reads a message and returns its code. Each side has an order of its own: `before` is the code of what this one said last.
  local function v1_message(read, pinfo, item, state, width, before)
    if before and not BEHIND[before] then read:fault("bytes behind the last message") end
    local code = read:uint(field.v1_code, 0, nil, width)
    local name = v1.NAMES[code]
    if name == nil then read:fault(string.format("a message of code %.0f", code)) end
    if read.tree then common.named(pinfo, item, "rake-v1", name, state.dialect) end
    local fault = common.speaker(state, pinfo, V1_SPEAKERS[code] or "server", name)
    if fault then read:fault(fault) end
    local accepted = before and BEHIND[before] or (pinfo.src_port == state.client_port and CLIENT_OPENS or SERVER_OPENS)
    if not accepted[code] then read:fault("a message of code " .. code .. " where none may be") end
    v1_fields(read, width, code)
    return code
  end

  return function(tvb, pinfo, tree, state)
    if common.is_over(state, pinfo, tvb, tree, rake) then return tvb:len() end
    local width, offset = state.dialect == "v1-4" and 4 or 8, 0
    while offset < tvb:len() do
      local before = common.once(state, pinfo, tvb, offset, function() return state.said[pinfo.src_port] end)
      -- First without a tree: how long is it, and has all of it come?
      local measure = common.reader(tvb, offset, tvb:len(), nil, true)
      local ok, failure = common.try(function() v1_message(measure, pinfo, nil, state, width, before) end)
      if not ok and failure.wanted then return common.wait(tvb, pinfo, tree, rake, offset, failure.wanted) end
      local item = tree:add(rake, tvb:range(offset, ok and measure.at - offset or nil))
      item:add(field.dialect, state.dialect):set_generated()
      local read, code = common.reader(tvb, offset, tvb:len(), item), nil
      if not common.attempt(pinfo, item, function() code = v1_message(read, pinfo, item, state, width, before) end) then
        common.give_up(state, pinfo)
        return tvb:len()
      end
      if not pinfo.visited then state.said[pinfo.src_port] = code end
      offset = read.at
    end
    return offset
  end
end

return v1
