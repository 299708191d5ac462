/**
 * A candidate of the etcd engine in a process of its own: `node asking-candidate.ts ENDPOINT ID SAMPLES RESOURCE`. It asks
 * itself and writes to the resource as `asking-node.ts` does, and prints the same lines.
 */
import { createEtcdElector } from "../../src/node/etcd.js";
import { Asker } from "./asker.js";
import { sayEvents } from "./say.js";

const [endpoint = "", id = "", samples = "", resource = ""] = process.argv.slice(2);
const elector = createEtcdElector({ endpoints: [endpoint], id, ttlSeconds: 1, pollMs: 250, retryMs: 100 });
sayEvents(elector);
new Asker(elector, { id, samples, resource });
await elector.start();
