/** Real nodes in this process, with small times, closed when the test ends. */
import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { atTestEnd } from "../../../../test/beside.js";
import type { ElectorEvents } from "../../src/core/index.js";
import { createElector, type ElectorOptions, type Load, memoryStorage, type NodeElector } from "../../src/index.js";

export const idle: Load = {
  cpuPercent: 10,
  usedRamBytes: 1,
  totalRamBytes: 10,
  freeBandwidthBytes: 1,
  freeDiskBytes: 1,
  measuredAtMs: 1,
};

/**
 * Times as small as two busy cores allow. Where nobody waits for a lease or a successor to fail they are long: a process
 * that does not run for half a second must not lose what it leads. Tests that wait for that say how long it takes.
 */
export const quick: ElectorOptions & { readonly leaseMs: number } = {
  preset: "fast",
  reportMs: 100,
  pulseMs: 200,
  leaseMs: 20_000,
  stepMs: 100,
  voteMs: 150,
  probeMs: 200,
  handOverMs: 1_000,
  redialMs: 20,
  stopTimeoutMs: 100,
  handOverOnStopMs: 0, // tests end nodes in any order
  measureLoad: async (): Promise<Load> => idle,
};

/** Of a node that joins a leader: where that does not answer at once, it waits for long before it leads itself (E31). */
export const joining = { stepMs: 5_000 } as const;

/** A node that is stopped when the test ends. */
export function node(options: ElectorOptions): NodeElector {
  const elector = createElector({ ...quick, storage: memoryStorage(), ...options });
  atTestEnd(async () => await elector.stop());
  return elector;
}

/** The next event of that name that the predicate likes. */
export async function next<Name extends keyof ElectorEvents>(
  elector: NodeElector,
  name: Name,
  likes: (...values: Parameters<ElectorEvents[Name]>) => boolean = () => true,
): Promise<Parameters<ElectorEvents[Name]>> {
  return await new Promise((resolve) => {
    const listener = ((...values: Parameters<ElectorEvents[Name]>): void => {
      if (!likes(...values)) return;
      elector.off(name, listener);
      resolve(values);
    }) as ElectorEvents[Name];
    elector.on(name, listener);
  });
}

/** Resolves when the node knows the leader, at once where it does already. */
export async function follows(elector: NodeElector, id: string): Promise<void> {
  if (elector.leader()?.id !== id) await next(elector, "leader", (leader) => leader?.id === id);
}

/** Resolves when one of the nodes leads. */
export async function whoLeads(electors: readonly NodeElector[]): Promise<NodeElector> {
  const leader = electors.find((elector) => elector.isLeader());
  if (leader !== undefined) return leader;
  return await Promise.race(
    electors.map(async (elector) => {
      await next(elector, "elected");
      return elector;
    }),
  );
}

/** Ports that were free a moment ago: members of quorum mode must be known before they listen. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0, "127.0.0.1"));
  await Promise.all(servers.map((server) => once(server, "listening")));
  const ports = servers.map((server) => (server.address() as AddressInfo).port);
  await Promise.all(
    servers.map(async (server) => {
      server.close();
      await once(server, "close");
    }),
  );
  return ports;
}

/** Ends when no other test of this process begins to listen any more: one of them could take a port that was free. */
let lastListening: Promise<unknown> = Promise.resolve();

/** Looks for free ports and begins to listen there, while no other test that runs beside this one does. */
async function inTurn<Result>(listen: () => Promise<Result>): Promise<Result> {
  const listening = lastListening.then(listen);
  lastListening = listening.catch(() => {});
  return await listening;
}

/** A leader `a` of available mode, and its followers. */
export async function cluster(ids: readonly string[], more: ElectorOptions = {}): Promise<NodeElector[]> {
  const [first = "a", ...others] = ids;
  const { leader, address } = await inTurn(async () => {
    const [port = 0] = await freePorts(1);
    const at = `127.0.0.1:${port}`;
    const one = node({ ...more, id: first, listen: at, seeds: [at] });
    await one.start();
    return { leader: one, address: at };
  });
  await whoLeads([leader]);
  const followers = others.map((id) => node({ ...joining, ...more, id, seeds: [address] }));
  for (const follower of followers) await follower.start();
  await Promise.all(followers.map((follower) => follows(follower, first)));
  return [leader, ...followers];
}

/** Members of quorum mode; whoever leads is among them. */
export async function members(ids: readonly string[], more: ElectorOptions = {}): Promise<NodeElector[]> {
  const nodes = await inTurn(async () => {
    const ports = await freePorts(ids.length);
    const list = ids.map((id, index) => ({ id, address: `127.0.0.1:${ports[index]}` }));
    const all = ids.map((id) => node({ ...more, id, mode: "quorum", members: list }));
    await Promise.all(all.map(async (one) => await one.start()));
    return all;
  });
  const leader = await whoLeads(nodes);
  await Promise.all(nodes.filter((one) => one !== leader).map((one) => follows(one, leader.view().id)));
  return nodes;
}

/** Asks again and again, for what no event tells. */
export async function until(what: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await what())) await new Promise((resolve) => setTimeout(resolve, 5));
}
