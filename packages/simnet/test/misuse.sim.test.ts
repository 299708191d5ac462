/** Programs and callers that break the contract: each is told so, by name, before it can spoil the world. */
import { expect, it } from "vitest";
import { type NodeOutput, type RunOptions, World } from "../src/core/index.js";
import { TcpProxy } from "../src/node/tcp-proxy.js";
import { UdpProxy } from "../src/node/udp-proxy.js";
import { kinds, payload, probe } from "./probe.js";

const to = { node: "b", port: 1 };
const datagram = { type: "datagram", port: 1, to, bytes: payload(1) };

it.each<[string, unknown, RegExp]>([
  ["no array", undefined, /a: handle\(\) must answer an array, not undefined/],
  ["a null", [null], /a wants what cannot be/],
  ["a text", ["bind"], /a wants "undefined"/],
  ["an unknown word", [{ type: "sleep" }], /a wants "sleep"/],
  ["a port of 0", [{ type: "bind", port: 0 }], /a wants .*port must be an integer from 1 to 65535, not 0/],
  ["a text as a datagram", [{ ...datagram, bytes: "hi" }], /bytes must be a Uint8Array, not string/],
  ["a number as a datagram", [{ ...datagram, bytes: 5 }], /bytes must be a Uint8Array, not number/],
  ["a datagram that no UDP carries", [{ ...datagram, bytes: payload(65_508) }], /at most 65507 bytes, not 65508/],
  ["a datagram to nowhere", [{ ...datagram, to: undefined }], /to must be \{ node, port \}, not undefined/],
  ["a datagram to half a port", [{ ...datagram, to: { node: "b", port: 1.5 } }], /to\.port must be an integer/],
  ["a connection to nowhere", [{ type: "connect", connection: 0 }], /to must be \{ node, port \}, not undefined/],
  [
    "a text on a connection",
    [
      { type: "connect", connection: 0, to },
      { type: "write", connection: 0, bytes: "x" },
    ],
    /bytes/,
  ],
  ["a note without a text", [{ type: "note" }], /text must be a string/],
  ["an effect that never ends", [{ type: "later", afterMs: Number.NaN }], /afterMs must be a finite number from 0/],
])("N4: a program that wants %s is misuse, with its name", (_, outputs, message) => {
  const bind: NodeOutput[] = [{ type: "bind", port: 1 }];
  const isList = Array.isArray(outputs);
  const create = () => ({
    handle: () => (isList ? [...bind, ...outputs] : outputs) as NodeOutput[],
    nextDeadline: () => undefined,
  });
  const world = new World({ nodes: { a: create, b: probe().create } });
  expect(() => world.run()).toThrow(
    expect.objectContaining({ code: "PROGRAM_MISUSE", message: expect.stringMatching(message) }),
  );
});

it.each([Number.NaN, "soon", null, {}])("N4: a deadline of %s is misuse, and no time is spoilt", (deadline) => {
  const world = new World({ nodes: { a: () => ({ handle: () => [], nextDeadline: () => deadline as number }) } });
  expect(() => world.run()).toThrow(
    expect.objectContaining({ code: "PROGRAM_MISUSE", message: expect.stringContaining("a: nextDeadline() must be") }),
  );
  expect(world.now).toBe(0);
});

it("N4: what nextDeadline() throws ends the run with the node's name", () => {
  const cause = new Error("boom");
  const nextDeadline = (): never => {
    throw cause;
  };
  const world = new World({ nodes: { fragile: () => ({ handle: () => [], nextDeadline }) } });
  expect(() => world.run()).toThrow(
    expect.objectContaining({ code: "PROGRAM_THREW", cause, message: expect.stringContaining("fragile") }),
  );
});

it.each<RunOptions>([
  { untilMs: Number.NaN },
  { untilMs: Number.POSITIVE_INFINITY },
  { maxEvents: -1 },
  { maxEvents: 1.5 },
  { maxEvents: Number.NaN },
])("N4: run(%j) is a RangeError, and no run without end", (options) => {
  const ticking = probe(() => [{ type: "later", afterMs: 1, token: 0 }]);
  const world = new World({ nodes: { a: ticking.create } });
  expect(() => world.run(options)).toThrow(RangeError);
  expect([world.now, world.events]).toEqual([0, 0]);
});

it("N1: neither a program nor onStep can run the world that it is in", () => {
  const worlds: World[] = [];
  const greedy = probe((input) => {
    if (input.type === "command") worlds[0]?.run();
    return undefined;
  });
  worlds.push(new World({ nodes: { a: greedy.create } }));
  worlds[0]?.command("a", "run");
  expect(() => worlds[0]?.run()).toThrow(expect.objectContaining({ code: "REENTRY" }));
  const watched = new World({ nodes: { a: probe().create }, onStep: (world) => world.step() });
  expect(() => watched.run()).toThrow(expect.objectContaining({ code: "REENTRY" }));
});

it("N5: what a clock never shows never happens, and time stays a number", () => {
  const slow = probe((input) => (input.type === "start" ? [{ type: "later", afterMs: 1, token: 0 }] : undefined));
  const world = new World({ nodes: { slow: { create: slow.create, rate: Number.MIN_VALUE } } });
  slow.deadline = 1;
  expect([world.run(), world.now, kinds(slow.told)]).toEqual(["idle", 0, []]);
});

it("N24: a reset by the network is in the trace, at both ends", () => {
  const server = probe((input) => (input.type === "start" ? [{ type: "listen", port: 1 }] : undefined));
  const client = probe((input) => (input.type === "start" ? [{ type: "connect", connection: 0, to }] : undefined));
  const faults = [{ type: "reset", from: "a", to: "b", atMs: 50 } as const];
  const world = new World({ nodes: { b: server.create, a: client.create }, faults });
  world.run();
  const resets = world.trace.filter(({ type }) => type === "stream-reset");
  expect(resets).toMatchObject([
    { at: 50, to: { node: "a" }, arrived: true },
    { at: 50, to: { node: "b" }, arrived: true },
  ]);
  expect(kinds(client.told).concat(kinds(server.told))).toEqual(["connected", "closed", "accepted", "closed"]);
});

it.each<[string, () => unknown, RegExp]>([
  ["a world", () => new World({ imparments: {} } as never), /world has no "imparments"; there is nodes, .*impairments/],
  [
    "impairments",
    () => new World({ impairments: { dropp: 1 } as never }),
    /impairments has no "dropp"; there is .*drop/,
  ],
  ["streams", () => new World({ streams: { mms: 1 } as never }), /streams has no "mms"; there is mss/],
  ["a node", () => new World({ nodes: { a: { creat: 1 } as never } }), /node "a" has no "creat"; there is create/],
  ["a UDP proxy", () => new UdpProxy({ to: { port: 1 }, drop: 1 } as never), /UdpProxy has no "drop"; there is to, /],
  ["a TCP proxy", () => new TcpProxy({ to: { port: 1 }, toServer: { dup: 1 } as never }), /impairments has no "dup"/],
])("N4, N53: a misspelt option of %s is a TypeError", (_, make, message) => {
  expect(make).toThrow(TypeError);
  expect(make).toThrow(message);
});

it("N4: impairments that cannot be, and a node without a program, are errors where the world is made", () => {
  expect(() => new World({ impairments: { drop: 10 } })).toThrow(/drop must be from 0 to 1, not 10/);
  expect(() => new World({ nodes: { a: { create: {} } as never } })).toThrow(/node "a" needs a function that creates/);
});
