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
  { "length", "uint64", "Length of the frame" },
  { "type", "uint64", "Type", NAMES },
  { "version", "uint64", "Version" },
  { "features", "uint64", "Features", base.HEX },
  { "nonce", "bytes", "Authentication: nonce" },
  { "authentication", "uint64", "Authentication", { [0] = "none", "secret" } },
  { "mac", "bytes", "Authentication: HMAC-SHA-256" },
  { "name", "string", "Name" },
  { "cores", "uint64", "Cores" },
  { "speed", "uint64", "Speed (thousandths)" },
  { "slots", "uint64", "Slots" },
  { "sandbox", "uint64", "Sandbox", { [0] = "none", "rlimit", "bwrap" } },
  { "toolchain", "string", "Toolchain" },
  { "resources", "string", "Resource" },
  { "max_frame_bytes", "uint64", "Largest frame (bytes)" },
  { "max_inputs", "uint64", "Most inputs" },
  { "max_blob_bytes", "uint64", "Largest input (bytes)" },
  { "max_output_bytes", "uint64", "Most bytes of outputs" },
  { "max_action_ms", "uint64", "Longest run (ms)" },
  { "heartbeat_ms", "uint64", "Heartbeat (ms)" },
  { "action_id", "uint64", "Action" },
  { "kind", "string", "Kind" },
  { "command", "string", "Command" },
  { "work_ms", "uint64", "Work (ms)" },
  { "digest", "bytes", "Digest" },
  { "size", "uint64", "Size (bytes)" },
  { "reservation", "uint64", "Reservation" },
  { "valid_for_ms", "uint64", "Valid for (ms)" },
  { "cost_ms", "uint64", "Cost (ms)" },
  { "queue_ms", "uint64", "Queue's part (ms)" },
  { "run_ms", "uint64", "Run's part (ms)" },
  { "transfer_ms", "uint64", "Transfer's part (ms)" },
  { "charge_ms", "uint64", "Charge (ms)" },
  { "reason", "uint64", "Reason", { [0] = "BUSY", "RESOURCE", "NOT_ALLOWED", "LIMIT", "STORE_FULL", "SHUTDOWN" } },
  { "retry_after_ms", "uint64", "Retry after (ms)" },
  { "text", "string", "Text" },
  { "offset", "uint64", "Offset" },
  { "last", "uint64", "Last piece" },
  { "body", "bytes", "Body" },
  { "ack_code", "uint64", "Code", { [0] = "OK", "WRONG_DIGEST", "TOO_BIG", "STORE_FULL", "FAILED" } },
  { "timeout_ms", "uint64", "Timeout (ms)" },
  { "path", "string", "Path" },
  { "mode", "uint64", "Mode", base.OCT },
  { "pattern", "string", "Output pattern" },
  { "end", "uint64", "End", { [0] = "EXITED", "SIGNALLED", "TIMED_OUT", "LIMITED", "CANCELLED", "FAILED" } },
  { "code", "uint64", "Exit code or signal" },
  { "cpu_micros", "uint64", "CPU (us)" },
  { "peak_bytes", "uint64", "Peak memory (bytes)" },
  { "wall_micros", "uint64", "Wall time (us)" },
  { "stdout_bytes", "uint64", "Bytes of stdout" },
  { "stderr_bytes", "uint64", "Bytes of stderr" },
  { "outputs", "uint64", "Outputs" },
  { "bytes", "uint64", "Credit (bytes)" },
  { "ping_nonce", "uint64", "Nonce" },
  { "bye_code", "uint64", "Code", { [0] = "END", "BAD_MESSAGE", "UNAUTHORIZED", "VERSION", "FULL", "IDLE", "SHUTDOWN", "TOO_BIG" } },
  { "rest", "bytes", "Fields of a later version" },
  { "dialect", "string", "Dialect" },
  { "v1_code", "uint64", "Code (v1)", v1.NAMES },
  { "v1_cost", "uint64", "Cost (v1)" },
  { "v1_status", "uint64", "Status (v1)" },
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

local function text(read, shown, max, min) read:text(8, shown, { min = min, max = max }) end
local function path(read, shown) read:text(8, shown, { min = 1, max = 4096, check = path_fault }) end
local function pattern(read) path(read, field.pattern) end
local function digest(read) read:bytes(32, field.digest) end
local function mode(read) read:uint(field.mode, 0, 511) end
local function resource(read) read:text(8, field.resources, { min = 1, max = 64, check = blank_fault }) end

-- A count that cannot be is refused before anything is read.
local function list(read, what, item_bytes, item)
  local count = read:length(8, what)
  if count * item_bytes > read:left() then read:fault(string.format("%.0f %s in %d bytes", count, what, read:left())) end
  for index = 1, count do item(read, index) end
end

local function digests(read) list(read, "digests", 32, digest) end
local function resources(read) list(read, "resources", 8, resource) end

--- Inputs, each of which is read by `input` and takes so many bytes at least.
local function inputs(read, item_bytes, input)
  list(read, "inputs", item_bytes, function(_, index) read:group(rake, "Input " .. index, input) end)
end

local function quoted(read)
  digest(read)
  read:uint(field.size)
end

local function placed(read)
  path(read, field.path)
  digest(read)
  mode(read)
end

local function body(read)
  local length = read:length(8, field.body)
  if length > MAX_BODY then read:fault(string.format("a body of %.0f bytes, not 0 to %d", length, MAX_BODY)) end
  read:some(length, field.body)
  return length
end

local function piece(read, size)
  local offset = read:uint(field.offset)
  local last = read:flag(field.last)
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
  local offset = read:uint(field.offset)
  if offset > MAX_SAFE - body(read) then read:fault("the body ends above 2^53 - 1") end
end

local function reservation(read) read:uint(field.reservation) end
local function nothing() end

local bodies = {
  HELLO = function(read)
    read:uint(field.version)
    read:uint(field.features)
    read:bytes(32, field.nonce)
  end,
  CHALLENGE = function(read)
    read:uint(field.version)
    read:word(field.authentication)
    read:bytes(32, field.nonce)
  end,
  AUTH = function(read) read:bytes(32, field.mac) end,
  WELCOME = function(read)
    read:bytes(32, field.mac)
    text(read, field.name, 64, 1)
    read:uint(field.cores, 1)
    read:uint(field.speed, 1)
    read:uint(field.slots)
    read:word(field.sandbox)
    text(read, field.toolchain, 256)
    resources(read)
    read:uint(field.max_frame_bytes, 131072)
    read:uint(field.max_inputs)
    read:uint(field.max_blob_bytes)
    read:uint(field.max_output_bytes)
    read:uint(field.max_action_ms)
    read:uint(field.heartbeat_ms, 1)
  end,
  QUOTE = function(read)
    text(read, field.kind, 65536)
    text(read, field.command, MAX_COMMAND)
    read:uint(field.work_ms)
    inputs(read, 40, quoted)
    resources(read)
  end,
  BID = function(read)
    reservation(read)
    read:uint(field.valid_for_ms)
    read:uint(field.cost_ms)
    read:uint(field.queue_ms)
    read:uint(field.run_ms)
    read:uint(field.transfer_ms)
    read:uint(field.charge_ms)
    digests(read)
  end,
  REFUSE = function(read)
    read:word(field.reason)
    read:uint(field.retry_after_ms)
    text(read, field.text, MAX_TEXT)
  end,
  BLOB = function(read)
    digest(read)
    piece(read, read:uint(field.size))
  end,
  ACK = function(read)
    digest(read)
    read:word(field.ack_code)
  end,
  EXECUTE = function(read)
    reservation(read)
    text(read, field.command, MAX_COMMAND)
    read:uint(field.timeout_ms)
    inputs(read, 48, placed)
    list(read, "patterns", 8, pattern)
  end,
  MISSING = digests,
  EXPIRED = reservation,
  STARTED = nothing,
  STDOUT = stream,
  STDERR = stream,
  STATUS = function(read)
    read:word(field["end"])
    read:uint(field.code)
    read:uint(field.cpu_micros)
    read:uint(field.peak_bytes)
    read:uint(field.wall_micros)
    text(read, field.text, MAX_TEXT)
  end,
  OUTPUT = function(read)
    path(read, field.path)
    mode(read)
    local size = read:uint(field.size)
    digest(read)
    piece(read, size)
  end,
  DONE = function(read)
    read:uint(field.stdout_bytes)
    read:uint(field.stderr_bytes)
    read:uint(field.outputs)
  end,
  CANCEL = nothing,
  RELEASE = reservation,
  CREDIT = function(read) read:uint(field.bytes) end,
  PING = function(read) read:uint(field.ping_nonce) end,
  PONG = function(read) read:uint(field.ping_nonce) end,
  BYE = function(read)
    read:word(field.bye_code)
    text(read, field.text, MAX_TEXT)
  end,
}
-- Where the action id stands for the connection and is 0, and where there is none.
local OF_CONNECTION = { PING = true, PONG = true, BYE = true }
local WITHOUT_ACTION = { HELLO = true, CHALLENGE = true, AUTH = true, WELCOME = true }

local function message(read, pinfo, item, state)
  local number = read:uint(field.type)
  local name = NAMES[number]
  -- A type that is not known is skipped by both sides (R12).
  if name == nil then return common.note(pinfo, item, string.format("type %.0f, of a later version", number)) end
  common.named(pinfo, item, "rake", name)
  local fault = common.speaker(state, pinfo, SPEAKERS[name] or nil, name)
  if fault then read:fault(fault) end
  if OF_CONNECTION[name] then read:uint(field.action_id, 0, 0)
  elseif not WITHOUT_ACTION[name] then read:uint(field.action_id, 1) end
  bodies[name](read)
  read:rest(field.rest)
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

local dissect_v1 = v1.dissector(rake, field, path_fault)
local dissect_v2 = common.framed(rake, field, "max_frame_bytes", message)

common.on_connections(rake, "rake", function(tvb, pinfo, tree, state)
  if state.dialect == nil then
    local dialect, wanted = dialect_of(tvb)
    if dialect == nil then return common.wait(tvb, pinfo, tree, rake, 0, wanted) end
    state.dialect = dialect
  end
  local dissect = (state.dialect == "v1-4" or state.dialect == "v1-8") and dissect_v1 or dissect_v2
  return dissect(tvb, pinfo, tree, state)
end)

common.ports(rake, "tcp", "6238")
-- A HELLO or a CHALLENGE of version 2 alone: 24 bytes of it are fixed. Nothing of v1 is safe to guess.
common.heuristic(rake, "tcp", function(tvb)
  return tvb:len() >= 24 and tvb:range(0, 4):uint() == 0 and tvb:range(4, 4):uint() == 56 and tvb:range(8, 4):uint() == 0
    and tvb:range(12, 4):uint() <= 2 and tvb:range(12, 4):uint() >= 1 and tvb:range(16, 4):uint() == 0 and tvb:range(20, 4):uint() == 2
end)
