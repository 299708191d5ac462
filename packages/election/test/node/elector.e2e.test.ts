/** Real nodes: they elect, hand over, stop and leave nothing behind. */
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { type AddressInfo, createServer } from "node:net";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { expect, it, onTestFinished } from "vitest";
import { atTestEnd, beside } from "../../../../test/beside.js";
import { start } from "../../../../test/process.js";
import { scratchFolder } from "../../../../test/scratch.js";
import { createElector, FencedResource, fileStorage, memoryStorage, type Token } from "../../src/index.js";
import { compiledProgram } from "../processes/compiled.js";
import { cluster, follows, freePorts, joining, members, next, node, quick, until, whoLeads } from "./nodes.js";

const leaders = (nodes: readonly { isLeader(): boolean }[]): number => nodes.filter((one) => one.isLeader()).length;

it.concurrent(
  "E54: three nodes of available mode have one leader, whose table names them all",
  beside(async () => {
    const [a, b, c] = await cluster(["a", "b", "c"]);
    if (a === undefined || b === undefined || c === undefined) throw new Error("three");
    expect([a.isLeader(), b.isLeader(), c.isLeader()]).toEqual([true, false, false]);
    expect(a.token()).toEqual({ epoch: 1, id: "a" });
    expect(b.token()).toBeUndefined();
    expect(b.leader()).toEqual({ id: "a", address: a.address, epoch: 1 });
    const [rows] = await next(a, "hosts", (all) => all.filter(({ rank }) => rank !== undefined).length === 3);
    expect(rows.map(({ id, status }) => [id, status]).sort()).toEqual([
      ["a", "connected"],
      ["b", "connected"],
      ["c", "connected"],
    ]);
  }),
);

it.concurrent(
  "E36, E60: a leader that is stopped hands over first, in both modes",
  beside(async () => {
    const handOver = { handOverOnStopMs: 2_000 }; // far longer than it takes on busy cores; a test ends with it, too
    const inBothModes = [cluster(["a", "b", "c"], handOver), members(["a", "b", "c"], handOver)];
    await Promise.all(
      inBothModes.map(async (made) => {
        const nodes = await made;
        const leader = await whoLeads(nodes);
        const others = nodes.filter((one) => one !== leader);
        const before = leader.token() as Token;
        await until(() => leader.view().fallbacks.length === 2);
        const started = performance.now();
        const elected = Promise.race(others.map((one) => next(one, "elected")));
        const [why] = await Promise.all([next(leader, "stepDown"), leader.stop()]).then(([[, reason]]) => [reason]);
        const [token] = await elected;
        expect(why).toBe("handedOver");
        expect(performance.now() - started).toBeLessThan(quick.leaseMs);
        expect(token.epoch).toBeGreaterThan(before.epoch);
        expect(leader.isLeader()).toBe(false);
        expect(leader.view().role).toBe("stopped");
        const second = await whoLeads(others);
        await Promise.all(others.filter((one) => one !== second).map((one) => follows(one, second.view().id)));
      }),
    );
  }),
);

it.concurrent(
  "E28: where the leader does not hand over, the next in line leads after its lease",
  beside(async () => {
    const nodes = await members(["a", "b", "c"], { leaseMs: 1_500 });
    const leader = await whoLeads(nodes);
    const others = nodes.filter((one) => one !== leader);
    const stepDown = next(leader, "stepDown");
    const [[, why]] = await Promise.all([stepDown, leader.stop()]);
    expect(why).toBe("stopped");
    const second = await whoLeads(others);
    expect(second.token()?.epoch).toBeGreaterThan(1);
  }),
);

it.concurrent(
  "E39: resign gives the lead to the host named, and no token falls",
  beside(async () => {
    const [a, b, c] = await members(["a", "b", "c"]);
    if (a === undefined || b === undefined || c === undefined) throw new Error("three");
    const nodes = [a, b, c];
    const resource = new FencedResource();
    for (let round = 0; round < 2; round++) {
      const leader = await whoLeads(nodes);
      const target = nodes.find((one) => one !== leader) ?? a;
      await until(() => leader.view().hosts.some(({ id, rank }) => id === target.view().id && rank !== undefined));
      resource.accept(leader.token() as Token);
      const elected = next(target, "elected");
      target.resign(); // nothing happens: it does not lead
      leader.resign(target.view().id);
      const [token] = await elected;
      expect(leaders(nodes)).toBe(1);
      expect(target.token()).toEqual(token);
      resource.accept(token);
    }
  }),
);

it.concurrent(
  "E8: a node without an id is given one, and needs no file",
  beside(async () => {
    const [a] = await cluster(["a"]);
    const guest = createElector({ ...quick, ...joining, seeds: [a?.address ?? ""] });
    atTestEnd(async () => await guest.stop());
    await guest.start();
    await follows(guest, "a");
    expect(guest.view().id).toMatch(/^a\.[0-9a-f]{16}\.\d+$/);
  }),
);

it.concurrent(
  "E18, E19: a member that was started again is silent for F L, and promises no lower epoch",
  beside(async () => {
    const path = `${scratchFolder()}/a.json`;
    const [port = 0] = await freePorts(1);
    const list = [{ id: "a", address: `127.0.0.1:${port}` }];
    const options = { id: "a", mode: "quorum", members: list, leaseMs: 500 } as const;
    const first = node({ ...options, storage: fileStorage(path) });
    await first.start();
    await whoLeads([first]);
    const epoch = first.token()?.epoch ?? 0;
    await first.stop();
    const second = node({ ...options, storage: fileStorage(path) });
    await second.start();
    expect(second.view().role).toBe("quarantine");
    const [token] = await next(second, "elected");
    expect(token.epoch).toBeGreaterThan(epoch);
  }),
);

it.concurrent(
  "E17: what cannot be stored is not acted on, and stop() does not wait for it for ever",
  beside(async () => {
    let calls = 0;
    const storage = {
      ...memoryStorage(),
      load: async () => undefined,
      store: async () => await Promise.reject(new Error(`full ${++calls}`)),
    };
    const errors: object[] = [];
    const log = (fields: object): void => void errors.push(fields);
    const logger = { debug: () => {}, info: () => {}, warn: () => {}, error: log };
    const elector = node({ id: "a", seeds: ["127.0.0.1:1"], storage, logger });
    await elector.start();
    await until(() => calls >= 2);
    expect(elector.isLeader()).toBe(false);
    expect(errors[0]).toEqual({ why: "full 1" });
    const hangs = node({ id: "b", storage: { ...storage, store: () => new Promise<void>(() => {}) } });
    await hangs.start();
    await until(() => hangs.view().role === "candidate");
    await hangs.stop();
  }),
);

it.concurrent(
  "E13: a leader whose machine slept does not lead any more, at the first question after it",
  beside(async () => {
    let sleptMs = 0;
    const clocks = { mono: () => performance.now(), wall: () => Date.now() + sleptMs };
    const [a, b] = await cluster(["a", "b"], { clocks });
    if (a === undefined || b === undefined) throw new Error("two");
    await until(() => a.view().hosts.length === 2);
    expect(a.isLeader()).toBe(true);
    sleptMs += quick.leaseMs; // the wall clock went on, the monotonic one did not
    expect(a.isLeader()).toBe(false);
    expect(a.token()).toBeUndefined();
    expect(a.leader()).toBeUndefined();
    const stepDown = next(a, "stepDown");
    sleptMs -= quick.leaseMs; // setting it back brings nothing back (E12)
    expect(a.isLeader()).toBe(false);
    expect((await stepDown)[1]).toBe("lease");
  }),
);

it.concurrent(
  "listeners that fail break nothing, and are told of in the log",
  beside(async () => {
    const errors: string[] = [];
    const error = (_: object, text: string): void => void errors.push(text);
    const [port = 0] = await freePorts(1);
    const address = `127.0.0.1:${port}`;
    const logger = { debug: () => {}, info: () => {}, warn: () => {}, error };
    const a = node({ id: "a", listen: address, seeds: [address], logger });
    let once = 0;
    a.on("elected", () => {
      throw new Error("mine");
    });
    a.on("elected", async () => await Promise.reject(new Error("mine, later")));
    a.once("leader", () => void once++);
    a.on("elected", () => {
      expect(a.isLeader()).toBe(true);
      a.resign(); // is done when the machine has been told all of this
      expect(a.isLeader()).toBe(true);
    });
    await a.start();
    await next(a, "stepDown");
    await next(a, "elected");
    expect(errors.slice(0, 2)).toEqual(["a listener of elected failed", "a listener of elected failed"]);
    expect(once).toBe(1);
  }),
);

it.concurrent(
  "E60: a process whose only node was stopped ends by itself",
  beside(async () => {
    const { exited } = start(process.execPath, [compiledProgram("../node/start-and-stop.ts")]);
    expect(await exited).toMatchObject({ code: 0, stdout: "elected\nstopped\n", stderr: "" });
  }),
);

// By themselves: what else goes on in the process would count, or be heard.

it("says that a port is taken, and leaves nothing behind that would hinder the next start", async () => {
  const taken = createServer().listen(0, "127.0.0.1");
  onTestFinished(() => void taken.close());
  await until(() => taken.listening);
  const { port } = taken.address() as AddressInfo;
  const path = `${scratchFolder()}/a.json`;
  const refused = node({ id: "a", listen: `127.0.0.1:${port}`, storage: fileStorage(path) });
  await expect(refused.start()).rejects.toMatchObject({
    name: "ElectorError",
    code: "LISTEN",
    message: `cannot listen on 127.0.0.1:${port}: the port is taken`,
  });
  const other = node({ id: "a", storage: fileStorage(path) });
  await other.start();
});

it("is started once and stopped as often as one likes, at any time", async () => {
  const never = node({ id: "a" });
  await never.stop();
  await expect(never.start()).rejects.toMatchObject({ code: "STOPPED" });
  const twice = node({ id: "a" });
  const first = twice.start();
  await expect(twice.start()).rejects.toMatchObject({ code: "STARTED" });
  await first;
  await Promise.all([twice.stop(), twice.stop()]);
  await twice.stop();
  const early = node({ id: "a" });
  const start = early.start();
  await Promise.all([expect(start).rejects.toMatchObject({ code: "STOPPED" }), early.stop()]);
  await using disposed = node({ id: "a" });
  await disposed.start();
});

it("publishes its events on node:diagnostics_channel", async () => {
  const seen: unknown[] = [];
  const take = (event: unknown): void => void seen.push(event);
  subscribe("lab:election:elected", take);
  onTestFinished(() => void unsubscribe("lab:election:elected", take));
  const [a] = await cluster(["a"]);
  expect(seen).toEqual([{ id: "a", address: a?.address, arguments: [{ epoch: 1, id: "a" }] }]);
});

it("E60: a hundred nodes that were started and stopped leave no socket, no timer and no file open", async () => {
  const collect = collector();
  const folder = scratchFolder();
  const count = (): number => {
    collect(); // a closed socket counts until it is collected
    return process.getActiveResourcesInfo().length;
  };
  const before = count();
  const target = node({ id: "target" });
  await target.start();
  for (let round = 0; round < 100; round++) {
    const storage = round % 10 === 0 ? fileStorage(`${folder}/a.json`) : memoryStorage();
    const one = node({ id: "a", storage, seeds: [target.address, "127.0.0.1:1"] });
    await one.start();
    await one.stop();
  }
  await target.stop();
  expect(count() - before).toBeLessThan(5); // the test runner has its own
});

/** Runs the garbage collector, which must be asked for by a flag. */
function collector(): () => void {
  setFlagsFromString("--expose-gc");
  return runInNewContext("gc") as () => void;
}
