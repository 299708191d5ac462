/** What machines are told: defaults as docs/broadcast.md has them, and what is refused. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { type ClientMachineOptions, resolveClientOptions } from "../../src/core/client-options.js";
import { resolveServerOptions, type ServerMachineOptions } from "../../src/core/server-options.js";

const MIB = 2 ** 20;
const who = { room: "main", name: "a" };

describe("defaults", () => {
  const settings = resolveServerOptions({});
  const client = resolveClientOptions(who);

  /** What the document says in brackets behind the name of an option. */
  const documented: readonly (readonly [string, string, number])[] = [
    ["maxFrameBytes", "1 MiB", MIB],
    ["helloMs", "5 s", 5_000],
    ["maxMessageBytes", "256 KiB", MIB / 4],
    ["publishWindow", "256", 256],
    ["maxCommitBytes", "4 MiB", 4 * MIB],
    ["historyMessages", "100,000", 100_000],
    ["historyBytes", "64 MiB", 64 * MIB],
    ["maxLagMessages", "100,000", 100_000],
    ["maxLagBytes", "64 MiB", 64 * MIB],
    ["maxLagMs", "30 s", 30_000],
    ["graceMs", "10 s", 10_000],
    ["maxSessions", "10,000", 10_000],
    ["sessionTtlMs", "24 h", 86_400_000],
    ["maxConnections", "4,096", 4_096],
    ["maxRooms", "64", 64],
    ["maxMembers", "4,096", 4_096],
    ["heartbeatMs", "5 s", 5_000],
    ["engineMs", "5 s", 5_000],
    ["backoffMs", "50 ms", 50],
    ["maxBackoffMs", "5 s", 5_000],
    ["maxQueuedBytes", "16 MiB", 16 * MIB],
    ["maxUnsentMessages", "10,000", 10_000],
    ["maxUnsentBytes", "16 MiB", 16 * MIB],
  ];

  it.each(documented)("%s is %s, as the document says", (name, words, value) => {
    const document = readFileSync(join(import.meta.dirname, "../../../../docs/broadcast.md"), "utf8");
    expect(document).toMatch(new RegExp(`\`${name}\` \\(${words}[);]`));
    expect({ ...settings, ...client }[name as keyof typeof settings]).toBe(value);
  });

  it("B16, B20: the publish rate, when to acknowledge, and the window", () => {
    expect(settings.maxPublishRate).toBe(100_000);
    expect([settings.ackEvery, settings.ackAfterMs]).toEqual([64, 20]);
    expect(client.window).toBe(16_384);
  });

  it("B19, B25, B33, B34, B36: what is chosen by a word", () => {
    expect([settings.log, settings.durability, settings.onSlow, settings.snapshots]).toEqual([
      "memory",
      "written",
      "disconnect",
      false,
    ]);
    expect(client).toMatchObject({ start: "live", from: 0, echo: true, onUnknown: "report", observer: false });
    expect(client.maxAttempts).toBe(Number.POSITIVE_INFINITY);
  });

  it("a smaller frame makes for smaller messages, a longer first wait for a longer longest one", () => {
    expect(resolveServerOptions({ maxFrameBytes: 1_024 }).maxMessageBytes).toBe(960);
    expect(resolveClientOptions({ ...who, backoffMs: 9_000 }).maxBackoffMs).toBe(9_000);
  });

  it("the secret is not changed by what is done to the caller's bytes afterwards", () => {
    const secret = new Uint8Array(16);
    const settled = resolveServerOptions({ secret });
    secret.fill(1);
    expect(settled.secret).toEqual(new Uint8Array(16));
  });
});

describe("what is refused names the option and what it may be", () => {
  it.each<readonly [string, object, new (message: string) => Error, string]>([
    [
      "a number of text",
      { graceMs: "10" },
      TypeError,
      "graceMs must be a whole number from 0 to 2147483647, not string",
    ],
    ["half a message", { historyMessages: 1.5 }, RangeError, "historyMessages must be a whole number from 1"],
    ["NaN", { heartbeatMs: Number.NaN }, RangeError, "heartbeatMs must be a whole number from 1 to 715827882, not NaN"],
    ["0 rooms", { maxRooms: 0 }, RangeError, "maxRooms must be a whole number from 1 to 1000000, not 0"],
    ["a frame above 16 MiB", { maxFrameBytes: 16 * MIB + 1 }, RangeError, "maxFrameBytes must be"],
    ["Infinity", { historyBytes: Number.POSITIVE_INFINITY }, RangeError, "historyBytes must be"],
    [
      "B15: messages that fit no frame",
      { maxFrameBytes: 2_000, maxMessageBytes: 1_937 },
      RangeError,
      "maxMessageBytes must be a whole number from 1 to 1936, not 1937",
    ],
    ["a log of another kind", { log: "disk" }, RangeError, "log must be one of memory, durable, shared, not disk"],
    ["another durability", { durability: "sync" }, RangeError, "durability must be one of memory, written, fsync"],
    ["another policy", { onSlow: "wait" }, RangeError, "onSlow must be one of disconnect, skip, snapshot, block"],
    ["a secret of text", { secret: "0123456789abcdef" }, TypeError, "secret must be a Uint8Array of 16 bytes or more"],
    ["a short secret", { secret: new Uint8Array(15) }, RangeError, "secret must be a Uint8Array of 16 bytes or more"],
    ["rooms of text", { rooms: "main" }, TypeError, "rooms must be an array of strings, not string"],
    ["B5: a room of 65 bytes", { rooms: ["a", "b".repeat(65)] }, RangeError, "rooms[1] must be 1 to 64 bytes"],
    ["snapshots of 1", { snapshots: 1 }, TypeError, "snapshots must be true or false, not number"],
  ])("server: %s", (_name, options, error, message) => {
    const resolve = () => resolveServerOptions(options as ServerMachineOptions);
    expect(resolve).toThrow(error);
    expect(resolve).toThrow(message);
  });

  it.each<readonly [string, object, new (message: string) => Error, string]>([
    ["B5: no name", { name: "" }, RangeError, "name must be 1 to 64 bytes of UTF-8, not 0"],
    ["B5: null for a name", { name: null }, TypeError, "name must be a string, not null"],
    ["B5: half of a surrogate pair", { name: "\ud800" }, RangeError, "name must be well-formed"],
    ["B5: a room with a tab", { room: "a\tb" }, RangeError, "room must have no control characters"],
    ["B20: a window of 0", { window: 0 }, RangeError, "window must be a whole number from 1 to 1000000, not 0"],
    ["B20: a window above", { window: 1_000_001 }, RangeError, "window must be a whole number from 1 to 1000000"],
    ["start from without from", { start: "from" }, RangeError, "from must be a whole number from 1"],
    ["from without start from", { from: 3 }, RangeError, "from must be a whole number from 1"],
    ["from 0", { start: "from", from: 0 }, RangeError, "from must be a whole number from 1"],
    ["another start", { start: "now" }, RangeError, "start must be one of live, all, from, snapshot, not now"],
    ["B33: no wait at all", { backoffMs: 0 }, RangeError, "backoffMs must be a whole number from 1"],
    ["B33: a shorter longest wait", { maxBackoffMs: 49 }, RangeError, "maxBackoffMs must be a whole number from 50"],
    ["B33: half an attempt", { maxAttempts: 0.5 }, RangeError, "maxAttempts must be a whole number from 1 to Infinity"],
    ["B34: another wish", { onUnknown: "drop" }, RangeError, "onUnknown must be one of report, resend, not drop"],
    ["B36: echo of text", { echo: "no" }, TypeError, "echo must be true or false, not string"],
  ])("client: %s", (_name, options, error, message) => {
    const resolve = () => resolveClientOptions({ ...who, ...options } as ClientMachineOptions);
    expect(resolve).toThrow(error);
    expect(resolve).toThrow(message);
  });

  it("an observer needs no name", () => {
    expect(resolveClientOptions({ room: "main", name: "", observer: true }).name).toBe("");
  });
});
