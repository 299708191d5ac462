--- Dissector of election (docs/election.md): framed messages of at most 4,096 bytes over TCP.

local common = require("lab-common")
if not common.is_new("election") then return end

local NAMES = {
  "Hello", "Redirect", "Report", "Ack", "PreVote", "PreVoteReply", "VoteReq", "Vote", "Announce", "Prepare", "Ready", "Offer",
  "Probe", "Stale", "Watch", "View", "Retire",
}
local MAX_PAYLOAD, TAG_BYTES = 4096, 32
local EPOCH_MAX, MAX_MICROSECONDS = 2 ^ 48, 2 ^ 51
local MAX_ID, MAX_ADDRESS, MAX_FALLBACKS = 64, 256, 3
local SENDER_MAY_BE_EMPTY = { [1] = true, [15] = true, [16] = true, [17] = true }

local election, field = common.protocol("election", "Lab election", {
  { "length", "uint64", "Length of the frame", base.DEC },
  { "version", "uint8", "Version", base.DEC },
  { "type", "uint8", "Type", common.values(NAMES, 1) },
  { "epoch", "uint64", "Epoch of the sender", base.DEC },
  { "incarnation", "bytes", "Incarnation" },
  { "settings", "uint32", "Settings", base.HEX },
  { "cluster", "string", "Cluster" },
  { "sender", "string", "Sender" },
  { "address", "string", "Address" },
  { "for", "bytes", "For the incarnation" },
  { "leader_id", "string", "Leader" },
  { "leader_address", "string", "Leader's address" },
  { "leader_epoch", "uint64", "Leader's epoch", base.DEC },
  { "given_id", "string", "Given id" },
  { "refusal", "uint8", "Refusal", common.values({ "none", "idTaken", "tableFull" }) },
  { "host_name", "string", "Host name" },
  { "ui", "string", "Dashboard" },
  { "echo", "uint8", "Echoes an Ack", base.DEC },
  { "echo_epoch", "uint64", "Echoed epoch", base.DEC },
  { "stamp_mono", "uint64", "Stamp, monotonic (us)", base.DEC },
  { "stamp_wall", "uint64", "Stamp, wall clock (ms since 1970)", base.DEC },
  { "lease_ms", "uint32", "Lease (ms)", base.DEC },
  { "lease_remaining_ms", "uint32", "Left of the lease (ms)", base.DEC },
  { "fallbacks", "uint8", "Fallbacks", base.DEC },
  { "fallback_id", "string", "Fallback" },
  { "fallback_address", "string", "Fallback's address" },
  { "granted", "uint8", "Granted", base.DEC },
  { "knows", "uint8", "Knows its epoch", base.DEC },
  { "proposed", "uint64", "Proposed epoch", base.DEC },
  { "release", "uint8", "Has a release", base.DEC },
  { "release_holder", "string", "Released by" },
  { "release_epoch", "uint64", "Released epoch", base.DEC },
  { "to", "string", "Hand over to" },
  { "mode", "uint8", "Mode", common.values({ "available", "quorum" }) },
  { "role", "uint8", "Role", common.values({ "quarantine", "leaderless", "follower", "prevote", "candidate", "leader", "released", "stopped" }) },
  { "snapshot", "uint64", "Snapshot", base.DEC },
  { "total", "uint32", "Rows of the table", base.DEC },
  { "first", "uint32", "First row", base.DEC },
  { "rows", "uint8", "Rows here", base.DEC },
  { "rank", "uint32", "Rank", base.DEC },
  { "host_id", "string", "Host" },
  { "score", "double", "Score" },
  { "connected", "uint8", "Status", common.values({ "disconnected", "connected" }) },
  { "is_leader", "uint8", "Leader", base.DEC },
  { "cpu", "uint16", "CPU (hundredths of a percent)", base.DEC },
  { "used_ram", "uint64", "Used RAM (bytes)", base.DEC },
  { "total_ram", "uint64", "Total RAM (bytes)", base.DEC },
  { "free_bandwidth", "uint64", "Free bandwidth (bytes per second)", base.DEC },
  { "free_disk", "uint64", "Free disk (bytes)", base.DEC },
  { "measured_at", "uint64", "Measured at (ms since 1970)", base.DEC },
  { "tag", "bytes", "Authentication: HMAC-SHA-256" },
})

local function id(read, key, what, min) return read:text(4, field[key], what, { min = min or 0, max = MAX_ID, plain = true }) end

local function text(read, key, what, min)
  return read:text(4, field[key], what, { min = min or 0, max = MAX_ADDRESS, plain = true })
end

local function address_fault(address)
  return address:find("[^A-Za-z0-9._:%%%[%]-]") and "has a character that no address has" or nil
end

local function address(read, key, what, min)
  return read:text(4, field[key], what, { min = min or 1, max = MAX_ADDRESS, plain = true, check = address_fault })
end

local function epoch(read, key, what) return read:uint(8, field[key], what, 0, EPOCH_MAX) end
local function flag(read, key, what) return read:uint(1, field[key], what, 0, 1) == 1 end

local function stamp(read)
  read:uint(8, field.stamp_mono, "the stamp", 0, MAX_MICROSECONDS)
  read:uint(8, field.stamp_wall, "the wall clock of the stamp")
end

local function answered(read) read:bytes(8, field["for"], "the incarnation that is answered") end

local function named(read)
  id(read, "leader_id", "the leader")
  address(read, "leader_address", "the leader's address", 0)
  epoch(read, "leader_epoch", "the leader's epoch")
end

local function fallbacks(read)
  for _ = 1, read:uint(1, field.fallbacks, "the number of fallbacks", 0, MAX_FALLBACKS) do
    id(read, "fallback_id", "a fallback", 1)
    address(read, "fallback_address", "a fallback's address")
  end
end

local function load_of(read)
  read:uint(2, field.cpu, "the CPU", 0, 10000)
  local used = read:uint(8, field.used_ram, "the used RAM")
  local total = read:uint(8, field.total_ram, "the total RAM")
  read:uint(8, field.free_bandwidth, "the free bandwidth")
  read:uint(8, field.free_disk, "the free disk")
  read:uint(8, field.measured_at, "the time of the load")
  if used > total then read:fault("more RAM is used than there is") end
end

local function score(read)
  local range = read:bytes(8, field.score, "the score")
  local value = range:float()
  if value ~= value or value == math.huge or value == -math.huge then read:fault("the score is no finite number") end
end

local function row(read)
  read:uint(4, field.rank, "the rank")
  id(read, "host_id", "the host", 1)
  text(read, "host_name", "the host name", 1)
  address(read, "address", "the host's address")
  text(read, "ui", "the dashboard")
  load_of(read)
  score(read)
  flag(read, "connected", "the flag connected")
  flag(read, "is_leader", "the flag leader")
end

local function own_address(read) address(read, "address", "the address") end

local function answer_with_stamp(read)
  answered(read)
  stamp(read)
end

local bodies = {
  Hello = own_address,
  Announce = own_address,
  Probe = own_address,
  Redirect = function(read)
    answered(read)
    named(read)
    id(read, "given_id", "the given id")
    read:uint(1, field.refusal, "the refusal", 0, 2)
  end,
  Report = function(read)
    own_address(read)
    text(read, "host_name", "the host name", 1)
    text(read, "ui", "the dashboard")
    if flag(read, "echo", "the flag of the echo") then
      epoch(read, "echo_epoch", "the echoed epoch")
      stamp(read)
    end
    load_of(read)
  end,
  Ack = function(read)
    answered(read)
    own_address(read)
    stamp(read)
    read:uint(4, field.lease_ms, "the lease")
    fallbacks(read)
  end,
  PreVote = function(read)
    own_address(read)
    stamp(read)
  end,
  PreVoteReply = function(read)
    answer_with_stamp(read)
    flag(read, "granted", "the flag granted")
    flag(read, "knows", "the flag knows")
  end,
  VoteReq = function(read)
    own_address(read)
    epoch(read, "proposed", "the proposed epoch")
    stamp(read)
    if flag(read, "release", "the flag of the release") then
      id(read, "release_holder", "the holder", 1)
      epoch(read, "release_epoch", "the released epoch")
    end
  end,
  Vote = function(read)
    answered(read)
    epoch(read, "proposed", "the proposed epoch")
    stamp(read)
    flag(read, "granted", "the flag granted")
  end,
  Prepare = answer_with_stamp,
  Ready = answer_with_stamp,
  Offer = answered,
  Stale = named,
  Watch = function(read) read:uint(4, field.first, "the first row") end,
  View = function(read)
    answered(read)
    read:uint(1, field.mode, "the mode", 0, 1)
    read:uint(1, field.role, "the role", 0, 7)
    own_address(read)
    named(read)
    read:uint(4, field.lease_ms, "the lease")
    read:uint(4, field.lease_remaining_ms, "what is left of the lease")
    fallbacks(read)
    read:uint(8, field.snapshot, "the snapshot")
    read:uint(4, field.total, "the number of rows")
    read:uint(4, field.first, "the first row")
    for index = 1, read:uint(1, field.rows, "the number of rows here") do
      read:group(election, "Row " .. index, function() row(read) end)
    end
  end,
  Retire = function(read)
    answered(read)
    epoch(read, "epoch", "the epoch")
    id(read, "to", "the id")
  end,
}

local function message(read, pinfo, item)
  if read:left() > MAX_PAYLOAD then read:fault("a payload of " .. read:left() .. " bytes") end
  local version = read:uint(1, field.version, "the version")
  if version ~= 1 then read:fault("it speaks version " .. version .. " of the protocol, not 1") end
  local number = read:uint(1, field.type, "the type")
  local name = NAMES[number]
  if name == nil then read:fault("no message of type " .. number) end
  common.named(pinfo, item, "election", name)
  epoch(read, "epoch", "the epoch")
  read:bytes(8, field.incarnation, "the incarnation")
  read:uint(4, field.settings, "the settings")
  id(read, "cluster", "the cluster", 1)
  id(read, "sender", "the sender", SENDER_MAY_BE_EMPTY[number] and 0 or 1)
  bodies[name](read)
  if read:left() == TAG_BYTES then read:bytes(TAG_BYTES, field.tag, "the tag") end
  read:done()
end

local connection = common.connections(election)

function election.dissector(tvb, pinfo, tree)
  common.begin_columns(pinfo, "election")
  return common.frames(tvb, pinfo, tree, election, connection(pinfo), 8, MAX_PAYLOAD, function(at, length, item)
    item:add(field.length, tvb:range(at - 8, 8))
    local read = common.reader(tvb, at, at + length, item)
    common.attempt(pinfo, item, function() message(read, pinfo, item) end)
  end)
end

common.ports(election, "tcp", "")
-- Ten bytes are fixed and the names are short: nothing else begins like this.
common.heuristic(election, "tcp", function(tvb)
  if tvb:len() < 40 then return false end
  local length, cluster = tvb:range(4, 4):uint(), tvb:range(30, 4):uint()
  return tvb:range(0, 4):uint() == 0 and length >= 32 and length <= MAX_PAYLOAD and tvb:range(8, 1):uint() == 1
    and NAMES[tvb:range(9, 1):uint()] ~= nil and tvb:range(10, 2):uint() == 0 and cluster >= 1 and cluster <= MAX_ID
end)
