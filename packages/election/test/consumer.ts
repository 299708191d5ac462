/** A program that uses the published package: type-checked under both resolutions, and run. */
import {
  createElector,
  type ElectorOptions,
  FencedResource,
  type LeaderInfo,
  memoryStorage,
  type NodeElector,
  queryNode,
  retireLeader,
  type Token,
} from "@lab/election";
import { compareToken, createElection, type ElectionOutput } from "@lab/election/core";
import { type Dashboard, openDashboard } from "@lab/election/dashboard";
import { createEtcdElector, type EtcdElector } from "@lab/election/etcd";

const dashboard: Dashboard = await openDashboard();
const common: ElectorOptions = { preset: "fast", storage: memoryStorage() };
const a: NodeElector = createElector({ ...common, id: "a", ui: dashboard.url });
const led = new Promise<Token>((resolve) => a.once("elected", resolve));
await a.start();
dashboard.show(a);
const first = await led;

const b = createElector({ ...common, storage: memoryStorage(), id: "b", seeds: [a.address] });
const followed = new Promise<LeaderInfo | undefined>((resolve) => b.once("leader", resolve));
const leads = new Promise<Token>((resolve) => b.once("elected", resolve));
await b.start();
const leader = await followed;
const page = await (await fetch(dashboard.url)).text();
const { hosts } = await queryNode(a.address);
await retireLeader(b.address);
const second = await leads;
const fenced = new FencedResource();
const writes = [first, second, first].map((token) => fenced.tryAccept(token));
const isLeader = b.isLeader();
await Promise.all([a.stop(), b.stop()]);
await dashboard.close();

if (leader?.id !== "a" || hosts.length === 0 || !isLeader || compareToken(second, first) <= 0) {
  throw new Error(JSON.stringify({ leader, hosts, isLeader, first, second }));
}
if (writes.join() !== "true,true,false") throw new Error(`the fence let ${writes} through`);
if (!page.includes("dashboard.js")) throw new Error(`no page: ${page}`);

const platform = { randomBytes: (length: number): Uint8Array => new Uint8Array(length) };
const node = createElection({ id: "a", address: "127.0.0.1:1", platform });
const outputs: readonly ElectionOutput[] = node.handle({ mono: 0, wall: 0 }, { type: "start" });
if (outputs.length > 0 || node.nextDeadline() === undefined) throw new Error("the core does not answer");

const inEtcd: EtcdElector = createEtcdElector({ endpoints: ["http://127.0.0.1:2379"], id: "a" }); // not started
await inEtcd.stop();
if (inEtcd.isLeader() || inEtcd.token() !== undefined) throw new Error("nobody elected it");
