/** A member whose silent connections are bounded by its file descriptors alone. Resigns at SIGUSR2. Argument: its state file. */
import { createElector, fileStorage } from "../../src/index.js";
import { silentLogger } from "../../src/node/logger.js";

const load = {
  cpuPercent: 1,
  usedRamBytes: 1,
  totalRamBytes: 2,
  freeBandwidthBytes: 0,
  freeDiskBytes: 0,
  measuredAtMs: 1,
};
const elector = createElector({
  reportMs: 60,
  pulseMs: 120,
  leaseMs: 400,
  stepMs: 60,
  voteMs: 150,
  handOverMs: 200,
  mode: "quorum",
  id: "a",
  members: [{ id: "a", address: "127.0.0.1:1" }],
  listen: "127.0.0.1:0",
  storage: fileStorage(process.argv[2] ?? ""),
  maxSilent: 10_000,
  measureLoad: async () => load,
  logger: { ...silentLogger, error: (fields, text) => console.log(`error ${text} ${JSON.stringify(fields)}`) },
});
elector.on("elected", ({ epoch }) => console.log(`elected ${epoch}`));
process.on("SIGUSR2", () => elector.resign());
await elector.start();
console.log(`listening on ${elector.listening}`);
