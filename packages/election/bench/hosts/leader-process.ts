/**
 * The leader of many hosts, of the built files: `leader-process.ts PORT MAX_HOSTS PRESET`. It is the first of its own seeds,
 * and so leads as soon as nobody has answered. Prints `leading on HOST:PORT`, and at each pulse a line of JSON: rows of its
 * table, how many of them are not live and how many disconnected, and the loop's lag.
 */
import { built } from "../../../../bench/built.js";
import { loopLag } from "./loop-lag.js";

const { createElector, memoryStorage } = await built<typeof import("../../src/index.js")>("election");
const address = `127.0.0.1:${process.argv[2]}`;
const elector = createElector({
  id: "leader",
  listen: address,
  seeds: [address],
  maxHosts: Number(process.argv[3]),
  preset: process.argv[4] === "fast" ? "fast" : "default",
  storage: memoryStorage(),
  handOverOnStopMs: 0,
});
const lag = loopLag();
elector.on("elected", () => console.log(`leading on ${elector.address}`));
elector.on("stepDown", (_, why) => console.log(JSON.stringify({ event: "stepDown", why })));
elector.on("hosts", (rows) => {
  let notLive = 0;
  let disconnected = 0;
  for (const { rank, status } of rows) {
    if (rank === undefined) notLive++;
    if (status === "disconnected") disconnected++;
  }
  console.log(JSON.stringify({ event: "pulse", rows: rows.length, notLive, disconnected, ...lag() }));
});
process.once("SIGTERM", () => void elector.stop().then(() => process.exit(0)));
await elector.start();
