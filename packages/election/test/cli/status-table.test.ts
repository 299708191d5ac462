import { expect, it } from "vitest";
import { statusLines } from "../../src/cli/status-table.js";
import type { ClusterView, HostRow } from "../../src/core/index.js";

const host = (id: string, more: Partial<HostRow>): HostRow => ({
  rank: undefined,
  id,
  hostName: `host of ${id}`,
  address: `10.0.0.1:400${id.length}`,
  ui: undefined,
  load: {
    cpuPercent: 12.34,
    usedRamBytes: 1_234_567_890,
    totalRamBytes: 8e9,
    freeBandwidthBytes: 1.25e8,
    freeDiskBytes: 5.05e10,
    measuredAtMs: 0,
  },
  score: 80,
  status: "connected",
  medal: undefined,
  isLeader: false,
  ...more,
});

const leader: ClusterView = {
  id: "a",
  address: "10.0.0.1:4001",
  incarnation: "0011223344556677",
  mode: "quorum",
  role: "leader",
  epoch: 7,
  leader: { id: "a", address: "10.0.0.1:4001", epoch: 7 },
  fallbacks: [{ id: "b", address: "10.0.0.1:4002" }],
  leaseMs: 6_000,
  leaseRemainingMs: 5_250,
  hosts: [
    host("a", { rank: 1, medal: "gold", isLeader: true }),
    host("b", { rank: 4, hostName: "\x1b[31mred" }),
    host("cc", { status: "disconnected" }),
  ],
};
const follower: ClusterView = {
  ...leader,
  id: "b",
  address: "10.0.0.1:4002",
  role: "follower",
  fallbacks: [],
  hosts: [],
};

it("E27: the leader's table, in columns, safe to show", () => {
  expect(statusLines({ node: follower, leader }, false)).toEqual([
    "b at 10.0.0.1:4002: follower, epoch 7, mode quorum, promised for another 5.3 s",
    "leader:    a at 10.0.0.1:4001, epoch 7, lease 5.3 s of 6.0 s",
    "fallbacks: b (10.0.0.1:4002)",
    "",
    "Rank    Client name  Id          Address        CPU usage  RAM usage (MB)  Free bandwidth (MB/s)  Free disk (GB)  Status",
    "1 gold  host of a    a (leader)  10.0.0.1:4001     12.3 %            1235                  125.0            50.5  connected",
    "4       \\x1b[31mred  b           10.0.0.1:4001     12.3 %            1235                  125.0            50.5  connected",
    "-       host of cc   cc          10.0.0.1:4002     12.3 %            1235                  125.0            50.5  disconnected",
  ]);
});

it("colours medals and states alone, and only when asked", () => {
  const rows = statusLines({ node: leader, leader }, true).slice(4);
  const escapes = rows.map((row) => row.split("\x1b[").map((part) => part.replace(/m.*/, "")));
  expect(escapes).toEqual(
    [
      ["38;5;220", "0", "32", "0"],
      ["32", "0"],
      ["31", "0"],
    ].map((codes) => [expect.any(String), ...codes]),
  );
  expect(rows[0]).toMatch(/gold.*host of a .* .*connected/);
});

it("says why there is no leader, and of a leader alone that its lease has no end", () => {
  const lost = { ...follower, id: "", role: "leaderless" as const, leader: undefined, leaseRemainingMs: 0 };
  expect(statusLines({ node: lost, leader: undefined, noLeader: "it knows none" }, false)).toEqual([
    "a node without an id yet at 10.0.0.1:4002: leaderless, epoch 7, mode quorum, promised to nobody",
    "leader:    none (it knows none)",
  ]);
  const alone = { ...leader, fallbacks: [], leaseRemainingMs: Number.POSITIVE_INFINITY };
  expect(statusLines({ node: alone, leader: alone }, false).slice(0, 2)).toEqual([
    "a at 10.0.0.1:4001: leader, epoch 7, mode quorum, lease without end",
    "fallbacks: none",
  ]);
});
