/**
 * A node in a process of its own: `node --import tsx asking-node.ts CONFIG` (node-config.ts). It prints `listening on
 * HOST:PORT`, then each event as a line of JSON like `election run --json`. SIGUSR2: it freezes itself, and the first
 * thing after its thaw is to ask `isLeader()`.
 */
import { EMPTY_LOAD } from "../../src/core/load.js";
import type { Token } from "../../src/core/token.js";
import { createElector } from "../../src/node/elector.js";
import { fileStorage } from "../../src/node/file-storage.js";
import { Asker } from "./asker.js";
import type { NodeConfig } from "./node-config.js";
import { say, sayEvents } from "./say.js";

const config = JSON.parse(process.argv[2] ?? "") as NodeConfig;
const { id, mode, listen, address, cluster, routes, state, times, secret } = config;
const elector = createElector({
  id,
  mode,
  listen,
  address,
  ...(mode === "quorum" ? { members: cluster } : { seeds: cluster.map((one) => one.address) }),
  routes,
  storage: fileStorage(state),
  ...times,
  ...(secret !== undefined && { secret: new Uint8Array(Buffer.from(secret, "hex")) }),
  // Equal and constant: nobody hands over while a fault is watched.
  measureLoad: async () => EMPTY_LOAD,
});

sayEvents(elector);
let connected = 0;
elector.on("hosts", (rows) => {
  const count = rows.filter(({ status }) => status === "connected").length;
  if (count !== connected) say("hosts", { connected: count });
  connected = count;
});
let flag: Token | undefined;
elector.on("elected", (token) => {
  flag = token;
});
elector.on("stepDown", () => {
  flag = undefined;
});
const byFlag = { isLeader: () => flag !== undefined, token: () => flag };
const asker = new Asker(config.answersByFlag === true ? byFlag : elector, config);
process.on("SIGUSR2", () => {
  const before = elector.isLeader();
  const { first, frozenMs } = asker.freeze();
  say("thawed", { before, first, frozenMs });
});
process.once("SIGTERM", () => void elector.stop().then(() => process.exit(0)));
await elector.start();
process.stdout.write(`listening on ${elector.listening}\n`);
