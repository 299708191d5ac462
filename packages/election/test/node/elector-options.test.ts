/** What `createElector` refuses, before anything is opened. */
import { expect, it } from "vitest";
import { createElector, type ElectorOptions, memoryStorage } from "../../src/index.js";

const three = [
  { id: "a", address: "127.0.0.1:7001" },
  { id: "b", address: "127.0.0.1:7002" },
  { id: "c", address: "127.0.0.1:7003" },
];
const secret = new Uint8Array(16);

it.each<[string, unknown, RegExp]>([
  ["a key that is not known", { reportsMs: 1 }, /there is no option "reportsMs"; did you mean reportMs\?/],
  ["no object", null, /options must be an object/],
  ["an address of other machines without a secret", { listen: "10.0.0.1:1" }, /there must be a secret/],
  ["all addresses without a secret", { listen: "0.0.0.0:1", address: "a:1" }, /there must be a secret/],
  ["all addresses without one to dial", { listen: "[::]:1", secret }, /address must say what others dial/],
  ["a port alone", { listen: "7000" }, /listen is "7000", but must be HOST:PORT/],
  ["an address without a port", { address: "a:0" }, /address is "a:0"/],
  ["a seed that is none", { seeds: ["a"] }, /seeds is "a"/],
  ["a member that cannot be dialled", { mode: "quorum", id: "a", members: [{ id: "a", address: "x" }] }, /"x"/],
  ["a route to nowhere", { routes: { "a:1": "b" } }, /routes\["a:1"\] is "b"/],
  ["routes that are none", { routes: 1 }, /routes must be an object/],
  ["quorum without an id", { mode: "quorum", members: three }, /id must be given/],
  ["storage that is none", { storage: "x" }, /storage must have load and store, as fileStorage/],
  ["a load that is none", { measureLoad: 1 }, /measureLoad must be a function/],
  ["text for a number", { maxOutgoing: "1" }, /maxOutgoing must be a number from 1 to/],
  ["no connections at all", { maxConnections: 0 }, /maxConnections is 0/],
  ["less than a message", { maxUnsentBytes: 100 }, /maxUnsentBytes is 100, but must be a number from 4104/],
  ["idle before the next report", { idleTimeoutMs: 1_000 }, /idleTimeoutMs is 1000, but must be a number from 6000/],
  ["E10: what the machine refuses", { leaseMs: 100 }, /leaseMs is 100, but must be at least 3 reportMs/],
])("refuses %s", (_, options, why) => {
  expect(() => createElector(options as ElectorOptions)).toThrow(why);
});

it("listens at a member's own address, and where it is told to otherwise", () => {
  const storage = memoryStorage();
  expect(createElector({ mode: "quorum", id: "b", members: three, storage }).address).toBe("127.0.0.1:7002");
  expect(createElector({ mode: "quorum", id: "b", members: three, storage, listen: "127.0.0.1:0" }).address).toBe(
    "127.0.0.1:7002",
  );
  expect(createElector({ mode: "quorum", id: "host", members: three, storage }).address).toBe("127.0.0.1:0");
  expect(createElector({ id: "a", storage, listen: "0.0.0.0:1", address: "a.example:1", secret }).address).toBe(
    "a.example:1",
  );
});

it("E15: warns of an even number of members, and of votes that are kept in memory", () => {
  const members = three.slice(0, 2);
  const storage = memoryStorage();
  const { warnings } = createElector({ mode: "quorum", id: "a", members, storage });
  expect(warnings).toEqual([
    expect.stringMatching(/with two members both must be up/),
    expect.stringMatching(/votes are kept in memory.*rejoin/),
  ]);
  expect(createElector({ mode: "quorum", id: "a", members: three, storage, rejoin: true }).warnings).toEqual([]);
  expect(createElector({ mode: "quorum", id: "host", members: three, storage }).warnings).toEqual([]);
});

it("shows a node that has not begun as stopped", () => {
  const elector = createElector({ id: "a", storage: memoryStorage() });
  expect(elector.view()).toMatchObject({ id: "a", role: "stopped", epoch: 0, leader: undefined, hosts: [] });
  expect(elector.isLeader()).toBe(false);
  expect(elector.token()).toBeUndefined();
  expect(elector.leader()).toBeUndefined();
  elector.resign(); // nothing happens
  expect(() => elector.on("lost" as "leader", () => {})).toThrow(/there is no event lost; there are elected/);
});

it.each<[string, unknown, RegExp]>([
  [
    "a logger that cannot be called",
    { logger: {} },
    /logger must be an object with the functions debug, info, warn, error/,
  ],
  ["a logger that is none", { logger: null }, /logger must be/],
  ["clocks without readings", { clocks: { mono: 1 } }, /clocks must be an object with the functions mono, wall/],
  ["one seed that is not in an array", { seeds: "127.0.0.1:1" }, /seeds must be an array of addresses/],
  [
    "members that are none",
    { mode: "quorum", id: "a", members: [null] },
    /members must hold objects, \{ id, address \}/,
  ],
  ["an object of members", { mode: "quorum", id: "a", members: {} }, /members must be an array of \{ id, address \}/],
  ["half a host", { maxHosts: 1.5 }, /maxHosts is 1.5, but must be a whole number from 1 to/],
  ["no silent connection", { maxSilent: 0 }, /maxSilent is 0, but must be a number from 1/],
])("refuses %s", (_, options, why) => {
  expect(() => createElector(options as ElectorOptions)).toThrow(why);
});

it.each([
  ["no number", { mono: () => Number.NaN, wall: () => 0 }, /clocks.mono must give a number of milliseconds, not NaN/],
  ["a date", { mono: () => 0, wall: () => new Date(0) as unknown as number }, /clocks.wall must give a number/],
])("does not start with clocks that give %s, and leaves nothing open", async (_, clocks, why) => {
  const storage = memoryStorage();
  const elector = createElector({ id: "a", storage, clocks });
  await expect(elector.start()).rejects.toThrow(why);
  const another = createElector({ id: "a", storage, listen: elector.listening });
  await another.start();
  await another.stop();
});

it("warns where a member does not listen where members say that it is", () => {
  const a = { id: "a", mode: "quorum", members: [{ id: "a", address: "127.0.0.1:4001" }] } as const;
  const listen = "127.0.0.1:5300";
  expect(createElector({ ...a, listen }).warnings).toEqual([
    expect.stringMatching(/^this node listens at 127\.0\.0\.1:5300, but others dial 127\.0\.0\.1:4001, as members say/),
  ]);
  for (const meant of [{}, { listen, address: "127.0.0.1:4001" }])
    expect(createElector({ ...a, ...meant }).warnings).toEqual([]);
});
