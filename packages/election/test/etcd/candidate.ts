/** A candidate in a process of its own, to be killed and frozen: `candidate.ts ENDPOINT ELECTION ID`. Prints its events. */
import { createEtcdElector } from "../../src/node/etcd.js";

const [endpoint = "", election = "", id = ""] = process.argv.slice(2);
const elector = createEtcdElector({ endpoints: [endpoint], election, id, ttlSeconds: 1 });
elector.on("elected", ({ epoch }) => console.log(`elected ${epoch}`));
elector.on("stepDown", ({ epoch }, why) => console.log(`stepDown ${epoch} ${why}`));

// The first thing that is asked after a thaw: a timer of a few milliseconds is the one that has waited longest.
let last = performance.now();
setInterval(() => {
  const leads = elector.isLeader();
  const gap = performance.now() - last;
  last = performance.now();
  if (gap > 700) console.log(`thawed ${leads}`);
}, 2);
await elector.start();
console.log("started");
