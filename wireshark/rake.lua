--- Dissector of rake (docs/rake.md) over TCP: wire v2, and wire v1 in both dialects, which the first bytes tell apart (R10).

local common = require("lab-common")
local v1 = require("rake-v1")
if not common.is_new("rake") then return end

local NAMES = {
  "HELLO", "CHALLENGE", "AUTH", "WELCOME", "QUOTE", "BID", "REFUSE", "BLOB", "ACK", "EXECUTE", "MISSING", "EXPIRED", "STARTED",
  "STDOUT", "STDERR", "STATUS", "OUTPUT", "DONE", "CANCEL", "RELEASE", "CREDIT", "PING", "PONG", "BYE",
}
-- Who alone may say it; who has no entry here: both.
local SPEAKERS = { CREDIT = false, PING = false, PONG = false, BYE = false }
for _, name in ipairs({ "HELLO", "AUTH", "QUOTE", "BLOB", "EXECUTE", "CANCEL", "RELEASE" }) do SPEAKERS[name] = "client" end
for _, name in ipairs(NAMES) do
  if SPEAKERS[name] == nil then SPEAKERS[name] = "server" end
end
local MAX_SAFE, MAX_TEXT, MAX_BODY, MAX_COMMAND = 9007199254740991, 1024, 65536, 65536

local rake, field = common.protocol("rake", "Lab rake", {
  { "length", "uint64", "Length of the frame", base.DEC },
  { "type", "uint64", "Type", common.values(NAMES, 1) },
  { "version", "uint64", "Version", base.DEC },
  { "features", "uint64", "Features", base.HEX },
  { "nonce", "bytes", "Authentication: nonce" },
  { "authentication", "uint64", "Authentication", common.values({ "none", "secret" }) },
  { "mac", "bytes", "Authentication: HMAC-SHA-256" },
  { "name", "string", "Name" },
  { "cores", "uint64", "Cores", base.DEC },
  { "speed", "uint64", "Speed (thousandths)", base.DEC },
  { "slots", "uint64", "Slots", base.DEC },
  { "sandbox", "uint64", "Sandbox", common.values({ "none", "rlimit", "bwrap" }) },
  { "toolchain", "string", "Toolchain" },
  { "resources", "string", "Resource" },
  { "max_frame_bytes", "uint64", "Largest frame (bytes)", base.DEC },
  { "max_inputs", "uint64", "Most inputs", base.DEC },
  { "max_blob_bytes", "uint64", "Largest input (bytes)", base.DEC },
  { "max_output_bytes", "uint64", "Most bytes of outputs", base.DEC },
  { "max_action_ms", "uint64", "Longest run (ms)", base.DEC },
  { "heartbeat_ms", "uint64", "Heartbeat (ms)", base.DEC },
  { "action_id", "uint64", "Action", base.DEC },
  { "kind", "string", "Kind" },
  { "command", "string", "Command" },
  { "work_ms", "uint64", "Work (ms)", base.DEC },
  { "digest", "bytes", "Digest" },
  { "size", "uint64", "Size (bytes)", base.DEC },
  { "reservation", "uint64", "Reservation", base.DEC },
  { "valid_for_ms", "uint64", "Valid for (ms)", base.DEC },
  { "cost_ms", "uint64", "Cost (ms)", base.DEC },
  { "queue_ms", "uint64", "Queue's part (ms)", base.DEC },
  { "run_ms", "uint64", "Run's part (ms)", base.DEC },
  { "transfer_ms", "uint64", "Transfer's part (ms)", base.DEC },
  { "charge_ms", "uint64", "Charge (ms)", base.DEC },
  { "reason", "uint64", "Reason", common.values({ "BUSY", "RESOURCE", "NOT_ALLOWED", "LIMIT", "STORE_FULL", "SHUTDOWN" }) },
  { "retry_after_ms", "uint64", "Retry after (ms)", base.DEC },
  { "text", "string", "Text" },
  { "offset", "uint64", "Offset", base.DEC },
  { "last", "uint64", "Last piece", base.DEC },
  { "body", "bytes", "Body" },
  { "ack_code", "uint64", "Code", common.values({ "OK", "WRONG_DIGEST", "TOO_BIG", "STORE_FULL", "FAILED" }) },
  { "timeout_ms", "uint64", "Timeout (ms)", base.DEC },
  { "path", "string", "Path" },
  { "mode", "uint64", "Mode", base.OCT },
  { "pattern", "string", "Output pattern" },
  { "end", "uint64", "End", common.values({ "EXITED", "SIGNALLED", "TIMED_OUT", "LIMITED", "CANCELLED", "FAILED" }) },
  { "code", "uint64", "Exit code or signal", base.DEC },
  { "cpu_micros", "uint64", "CPU (us)", base.DEC },
  { "peak_bytes", "uint64", "Peak memory (bytes)", base.DEC },
  { "wall_micros", "uint64", "Wall time (us)", base.DEC },
  { "stdout_bytes", "uint64", "Bytes of stdout", base.DEC },
  { "stderr_bytes", "uint64", "Bytes of stderr", base.DEC },
  { "outputs", "uint64", "Outputs", base.DEC },
  { "bytes", "uint64", "Credit (bytes)", base.DEC },
  { "ping_nonce", "uint64", "Nonce", base.DEC },
  { "bye_code", "uint64", "Code", common.values({ "END", "BAD_MESSAGE", "UNAUTHORIZED", "VERSION", "FULL", "IDLE", "SHUTDOWN", "TOO_BIG" }) },
  { "rest", "bytes", "Fields of a later version" },
  { "dialect", "string", "Dialect" },
  { "v1_code", "uint64", "Code (v1)", common.values(v1.NAMES, 1) },
  { "v1_cost", "uint64", "Cost (v1)", base.DEC },
  { "v1_status", "uint64", "Status (v1)", base.DEC },
  { "v1_name", "string", "File (v1)" },
  { "v1_bytes", "bytes", "Bytes (v1)" },
})
rake.prefs.max_frame_bytes = Pref.uint("Largest frame", 4194304, "A frame that announces more is malformed (R14)")
rake.prefs.max_v1_bytes = Pref.uint("Largest file of v1", 16777216, "A file or stream of v1 of more bytes is not put together")

-- Wire v2 --------------------------------------------------------------------------------------------------------------------

local function path_fault(path)
  if path == "" then return "is empty" end
  if path:sub(1, 1) == "/" then return "is absolute" end
  if path:find("%z") then return "holds a NUL" end
  if path:find("\\", 1, true) then return "holds a backslash" end
  for name in (path .. "/"):gmatch("([^/]*)/") do
    if name == "" then return "has an empty name" end
    if name == "." or name == ".." then return 'has the name "' .. name .. '"' end
  end
  return nil
end

local function blank_fault(text) return text:find("[\t\n\v\f\r ]") and "has a blank" or nil end

local function u64(read, key, what, min, max) return read:uint(8, field[key], what, min, max) end
local function text(read, key, what, max, min) return read:text(8, field[key], what, { min = min or 0, max = max }) end
local function path(read, key, what) return read:text(8, field[key], what, { min = 1, max = 4096, check = path_fault }) end
local function digest(read) return read:bytes(32, field.digest, "the digest") end

-- A count that cannot be is refused before anything is read.
local function list(read, what, item_bytes, item)
  local count = read:length(8, what)
  if count * item_bytes > read:left() then read:fault(string.format("%.0f %s in %d bytes", count, what, read:left())) end
  for index = 1, count do item(index) end
end

local function digests(read) list(read, "digests", 32, function() digest(read) end) end

local function resources(read)
  list(read, "resources", 8, function()
    read:text(8, field.resources, "a resource", { min = 1, max = 64, check = blank_fault })
  end)
end

local function body(read)
  local length = read:length(8, "the body")
  if length > MAX_BODY then read:fault(string.format("a body of %.0f bytes, not 0 to %d", length, MAX_BODY)) end
  if length > 0 then read:bytes(length, field.body, "the body") end
  return length
end

local function piece(read, size)
  local offset = u64(read, "offset", "the offset")
  local last = u64(read, "last", "the last flag", 0, 1) == 1
  local length = body(read)
  local left = size - offset - length
  if offset > size or left < 0 then
    read:fault(string.format("%d bytes from %.0f on, of a file of %.0f", length, offset, size))
  end
  if last ~= (left == 0) then
    read:fault(last and string.format("the last flag, but %.0f bytes are to come", left) or "no last flag at the end")
  end
end

local function stream(read)
  local offset = u64(read, "offset", "the offset")
  if offset > MAX_SAFE - body(read) then read:fault("the body ends above 2^53 - 1") end
end

local function reservation(read) u64(read, "reservation", "the reservation") end
local function nothing() end

local bodies = {
  HELLO = function(read)
    u64(read, "version", "the version")
    u64(read, "features", "the features")
    read:bytes(32, field.nonce, "the nonce")
  end,
  CHALLENGE = function(read)
    u64(read, "version", "the version")
    u64(read, "authentication", "the authentication", 0, 1)
    read:bytes(32, field.nonce, "the nonce")
  end,
  AUTH = function(read) read:bytes(32, field.mac, "the mac") end,
  WELCOME = function(read)
    read:bytes(32, field.mac, "the mac")
    text(read, "name", "the name", 64, 1)
    u64(read, "cores", "the number of cores", 1)
    u64(read, "speed", "the speed", 1)
    u64(read, "slots", "the number of slots")
    u64(read, "sandbox", "the sandbox", 0, 2)
    text(read, "toolchain", "the toolchain", 256)
    resources(read)
    u64(read, "max_frame_bytes", "the largest frame", 131072)
    u64(read, "max_inputs", "the most inputs")
    u64(read, "max_blob_bytes", "the largest input")
    u64(read, "max_output_bytes", "the most bytes of outputs")
    u64(read, "max_action_ms", "the longest run")
    u64(read, "heartbeat_ms", "the heartbeat", 1)
  end,
  QUOTE = function(read)
    text(read, "kind", "the kind", 65536)
    text(read, "command", "the command", MAX_COMMAND)
    u64(read, "work_ms", "the work")
    list(read, "inputs", 40, function(index)
      read:group(rake, "Input " .. index, function()
        digest(read)
        u64(read, "size", "the size of an input")
      end)
    end)
    resources(read)
  end,
  BID = function(read)
    reservation(read)
    u64(read, "valid_for_ms", "the validity")
    u64(read, "cost_ms", "the cost")
    u64(read, "queue_ms", "the queue's part")
    u64(read, "run_ms", "the run's part")
    u64(read, "transfer_ms", "the transfer's part")
    u64(read, "charge_ms", "the charge")
    digests(read)
  end,
  REFUSE = function(read)
    u64(read, "reason", "the reason", 0, 5)
    u64(read, "retry_after_ms", "the time to retry")
    text(read, "text", "the text", MAX_TEXT)
  end,
  BLOB = function(read)
    digest(read)
    piece(read, u64(read, "size", "the size"))
  end,
  ACK = function(read)
    digest(read)
    u64(read, "ack_code", "the code", 0, 4)
  end,
  EXECUTE = function(read)
    reservation(read)
    text(read, "command", "the command", MAX_COMMAND)
    u64(read, "timeout_ms", "the timeout")
    list(read, "inputs", 48, function(index)
      read:group(rake, "Input " .. index, function()
        path(read, "path", "the path of an input")
        digest(read)
        u64(read, "mode", "the mode of an input", 0, 511)
      end)
    end)
    list(read, "patterns", 8, function() path(read, "pattern", "a pattern") end)
  end,
  MISSING = digests,
  EXPIRED = reservation,
  STARTED = nothing,
  STDOUT = stream,
  STDERR = stream,
  STATUS = function(read)
    u64(read, "end", "the end", 0, 5)
    u64(read, "code", "the code")
    u64(read, "cpu_micros", "the CPU time")
    u64(read, "peak_bytes", "the peak memory")
    u64(read, "wall_micros", "the wall time")
    text(read, "text", "the text", MAX_TEXT)
  end,
  OUTPUT = function(read)
    path(read, "path", "the path")
    u64(read, "mode", "the mode", 0, 511)
    local size = u64(read, "size", "the size")
    digest(read)
    piece(read, size)
  end,
  DONE = function(read)
    u64(read, "stdout_bytes", "the bytes of stdout")
    u64(read, "stderr_bytes", "the bytes of stderr")
    u64(read, "outputs", "the count of outputs")
  end,
  CANCEL = nothing,
  RELEASE = reservation,
  CREDIT = function(read) u64(read, "bytes", "the credit") end,
  PING = function(read) u64(read, "ping_nonce", "the nonce") end,
  PONG = function(read) u64(read, "ping_nonce", "the nonce") end,
  BYE = function(read)
    u64(read, "bye_code", "the code", 0, 7)
    text(read, "text", "the text", MAX_TEXT)
  end,
}
-- Where the action id stands for the connection and is 0, and where there is none.
local OF_CONNECTION = { PING = true, PONG = true, BYE = true }
local WITHOUT_ACTION = { HELLO = true, CHALLENGE = true, AUTH = true, WELCOME = true }

local function message(read, pinfo, item, state)
  local number = read:uint(8, field.type, "the type")
  local name = NAMES[number]
  -- A type that is not known is skipped by both sides (R12).
  if name == nil then return common.note(pinfo, item, string.format("type %.0f, of a later version", number)) end
  common.named(pinfo, item, "rake", name)
  local fault = common.speaker(state, pinfo, SPEAKERS[name] or nil, name)
  if fault then read:fault(fault) end
  if OF_CONNECTION[name] then u64(read, "action_id", "the action id", 0, 0)
  elseif not WITHOUT_ACTION[name] then u64(read, "action_id", "the action id", 1) end
  bodies[name](read)
  if read:left() > 0 then read:bytes(read:left(), field.rest, "the rest") end
end

local function dissect_v2(tvb, pinfo, tree, state)
  return common.frames(tvb, pinfo, tree, rake, state, 8, rake.prefs.max_frame_bytes, function(at, length, item)
    item:add(field.length, tvb:range(at - 8, 8))
    local read = common.reader(tvb, at, at + length, item)
    common.attempt(pinfo, item, function() message(read, pinfo, item, state) end)
  end)
end

-- Which of them it is --------------------------------------------------------------------------------------------------------

--- R10, for either side's first bytes: no message of v2 is as short as a code of v1, and no frame has 4 GiB.
local function dialect_of(tvb)
  if tvb:len() < 4 then return nil, 4 - tvb:len() end
  local first = tvb:range(0, 4):uint()
  if first ~= 0 then return first <= #v1.NAMES and "v1-4" or "unknown" end
  if tvb:len() < 8 then return nil, 8 - tvb:len() end
  return tvb:range(4, 4):uint() <= #v1.NAMES and "v1-8" or "v2"
end

local connection = common.connections(rake)
local dissect_v1 = v1.dissector(rake, field, path_fault)

function rake.dissector(tvb, pinfo, tree)
  common.begin_columns(pinfo, "rake")
  local state = connection(pinfo)
  if state.dialect == nil then
    local dialect, wanted = dialect_of(tvb)
    if dialect == nil then return common.wait(tvb, pinfo, tree, rake, 0, wanted) end
    state.dialect = dialect
  end
  if state.dialect == "v1-4" or state.dialect == "v1-8" then return dissect_v1(tvb, pinfo, tree, state) end
  return dissect_v2(tvb, pinfo, tree, state)
end

common.ports(rake, "tcp", "6238")
-- A HELLO or a CHALLENGE of version 2 alone: 24 bytes of it are fixed. Nothing of v1 is safe to guess.
common.heuristic(rake, "tcp", function(tvb)
  return tvb:len() >= 24 and tvb:range(0, 4):uint() == 0 and tvb:range(4, 4):uint() == 56 and tvb:range(8, 4):uint() == 0
    and tvb:range(12, 4):uint() <= 2 and tvb:range(12, 4):uint() >= 1 and tvb:range(16, 4):uint() == 0 and tvb:range(20, 4):uint() == 2
end)
