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
  { "length", "uint64", "Length of the frame" },
  { "version", "uint8", "Version" },
  { "type", "uint8", "Type", NAMES },
  { "epoch", "uint64", "Epoch of the sender" },
  { "incarnation", "bytes", "Incarnation" },
  { "settings", "uint32", "Settings", base.HEX },
  { "cluster", "string", "Cluster" },
  { "sender", "string", "Sender" },
  { "address", "string", "Address" },
  { "for", "bytes", "For the incarnation" },
  { "leader_id", "string", "Leader" },
  { "leader_address", "string", "Leader's address" },
  { "leader_epoch", "uint64", "Leader's epoch" },
  { "given_id", "string", "Given id" },
  { "refusal", "uint8", "Refusal", { [0] = "none", "idTaken", "tableFull" } },
  { "host_name", "string", "Host name" },
  { "ui", "string", "Dashboard" },
  { "echo", "uint8", "Echoes an Ack" },
  { "echo_epoch", "uint64", "Echoed epoch" },
  { "stamp_mono", "uint64", "Stamp, monotonic (us)" },
  { "stamp_wall", "uint64", "Stamp, wall clock (ms since 1970)" },
  { "lease_ms", "uint32", "Lease (ms)" },
  { "lease_remaining_ms", "uint32", "Left of the lease (ms)" },
  { "fallbacks", "uint8", "Fallbacks" },
  { "fallback_id", "string", "Fallback" },
  { "fallback_address", "string", "Fallback's address" },
  { "granted", "uint8", "Granted" },
  { "knows", "uint8", "Knows its epoch" },
  { "proposed", "uint64", "Proposed epoch" },
  { "release", "uint8", "Has a release" },
  { "release_holder", "string", "Released by" },
  { "release_epoch", "uint64", "Released epoch" },
  { "to", "string", "Hand over to" },
  { "mode", "uint8", "Mode", { [0] = "available", "quorum" } },
  { "role", "uint8", "Role", { [0] = "quarantine", "leaderless", "follower", "prevote", "candidate", "leader", "released", "stopped" } },
  { "snapshot", "uint64", "Snapshot" },
  { "total", "uint32", "Rows of the table" },
  { "first", "uint32", "First row" },
  { "rows", "uint8", "Rows here" },
  { "rank", "uint32", "Rank" },
  { "host_id", "string", "Host" },
  { "score", "double", "Score" },
  { "connected", "uint8", "Status", { [0] = "disconnected", "connected" } },
  { "is_leader", "uint8", "Leader" },
  { "cpu", "uint16", "CPU (hundredths of a percent)" },
  { "used_ram", "uint64", "Used RAM (bytes)" },
  { "total_ram", "uint64", "Total RAM (bytes)" },
  { "free_bandwidth", "uint64", "Free bandwidth (bytes per second)" },
  { "free_disk", "uint64", "Free disk (bytes)" },
  { "measured_at", "uint64", "Measured at (ms since 1970)" },
  { "tag", "bytes", "Authentication: HMAC-SHA-256" },
})

local function id(read, shown, min) read:text(4, shown, { min = min, max = MAX_ID, plain = true }) end
local function text(read, shown, min) read:text(4, shown, { min = min, max = MAX_ADDRESS, plain = true }) end

local function address_fault(address)
  return address:find("[^A-Za-z0-9._:%%%[%]-]") and "has a character that no address has" or nil
end

local function address(read, shown, min)
  read:text(4, shown, { min = min or 1, max = MAX_ADDRESS, plain = true, check = address_fault })
end

local function epoch(read, shown) read:uint(shown, 0, EPOCH_MAX) end

local function stamp(read)
  read:uint(field.stamp_mono, 0, MAX_MICROSECONDS)
  read:uint(field.stamp_wall)
end

local function answered(read) read:bytes(8, field["for"]) end

local function named(read)
  id(read, field.leader_id)
  address(read, field.leader_address, 0)
  epoch(read, field.leader_epoch)
end

local function fallbacks(read)
  for _ = 1, read:uint(field.fallbacks, 0, MAX_FALLBACKS) do
    id(read, field.fallback_id, 1)
    address(read, field.fallback_address)
  end
end

local function load_of(read)
  read:uint(field.cpu, 0, 10000)
  local used = read:uint(field.used_ram)
  local total = read:uint(field.total_ram)
  read:uint(field.free_bandwidth)
  read:uint(field.free_disk)
  read:uint(field.measured_at)
  if used > total then read:fault("more RAM is used than there is") end
end

local function score(read)
  local range = read:bytes(8, field.score)
  local value = range:float()
  if value ~= value or value == math.huge or value == -math.huge then read:fault("the score is no finite number") end
end

local function row(read)
  read:uint(field.rank)
  id(read, field.host_id, 1)
  text(read, field.host_name, 1)
  address(read, field.address)
  text(read, field.ui)
  load_of(read)
  score(read)
  read:flag(field.connected)
  read:flag(field.is_leader)
end

local function own_address(read) address(read, field.address) end

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
    id(read, field.given_id)
    read:word(field.refusal)
  end,
  Report = function(read)
    own_address(read)
    text(read, field.host_name, 1)
    text(read, field.ui)
    if read:flag(field.echo) then
      epoch(read, field.echo_epoch)
      stamp(read)
    end
    load_of(read)
  end,
  Ack = function(read)
    answered(read)
    own_address(read)
    stamp(read)
    read:uint(field.lease_ms)
    fallbacks(read)
  end,
  PreVote = function(read)
    own_address(read)
    stamp(read)
  end,
  PreVoteReply = function(read)
    answer_with_stamp(read)
    read:flag(field.granted)
    read:flag(field.knows)
  end,
  VoteReq = function(read)
    own_address(read)
    epoch(read, field.proposed)
    stamp(read)
    if read:flag(field.release) then
      id(read, field.release_holder, 1)
      epoch(read, field.release_epoch)
    end
  end,
  Vote = function(read)
    answered(read)
    epoch(read, field.proposed)
    stamp(read)
    read:flag(field.granted)
  end,
  Prepare = answer_with_stamp,
  Ready = answer_with_stamp,
  Offer = answered,
  Stale = named,
  Watch = function(read) read:uint(field.first) end,
  View = function(read)
    answered(read)
    read:word(field.mode)
    read:word(field.role)
    own_address(read)
    named(read)
    read:uint(field.lease_ms)
    read:uint(field.lease_remaining_ms)
    fallbacks(read)
    read:uint(field.snapshot)
    read:uint(field.total)
    read:uint(field.first)
    for index = 1, read:uint(field.rows) do
      read:group(election, "Row " .. index, row)
    end
  end,
  Retire = function(read)
    answered(read)
    epoch(read, field.epoch)
    id(read, field.to)
  end,
}

local function message(read, pinfo, item)
  if read:left() > MAX_PAYLOAD then read:fault("a payload of " .. read:left() .. " bytes") end
  local version = read:uint(field.version)
  if version ~= 1 then read:fault("it speaks version " .. version .. " of the protocol, not 1") end
  local number = read:uint(field.type)
  local name = NAMES[number]
  if name == nil then read:fault("no message of type " .. number) end
  common.named(pinfo, item, "election", name)
  epoch(read, field.epoch)
  read:bytes(8, field.incarnation)
  read:uint(field.settings)
  id(read, field.cluster, 1)
  id(read, field.sender, SENDER_MAY_BE_EMPTY[number] and 0 or 1)
  bodies[name](read)
  if read:left() == TAG_BYTES then read:bytes(TAG_BYTES, field.tag) end
  read:done()
end

common.on_connections(election, "election", common.framed(election, field, MAX_PAYLOAD, message))
common.ports(election, "tcp", "")
-- Ten bytes are fixed and the names are short: nothing else begins like this.
common.heuristic(election, "tcp", function(tvb)
  if tvb:len() < 40 then return false end
  local length, cluster = tvb:range(4, 4):uint(), tvb:range(30, 4):uint()
  return tvb:range(0, 4):uint() == 0 and length >= 32 and length <= MAX_PAYLOAD and tvb:range(8, 1):uint() == 1
    and NAMES[tvb:range(9, 1):uint()] ~= nil and tvb:range(10, 2):uint() == 0 and cluster >= 1 and cluster <= MAX_ID
end)
