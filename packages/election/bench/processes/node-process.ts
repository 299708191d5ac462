/**
 * One node in a process of its own, of the built files: `node --import tsx node-process.ts OPTIONS`, where OPTIONS is the
 * JSON of `createElector`'s options and `state`, the file to store in. Prints `listening on HOST:PORT` and then a line of
 * JSON for each event, with the time on the clock that all processes share. SIGUSR2 makes it resign.
 */
import { built } from "../../../../bench/built.js";
import type { ElectorOptions } from "../../src/node/elector-options.js";
import { monoMs } from "./clock.js";

const { createElector, fileStorage } = await built<typeof import("../../src/index.js")>("election");
const { state, ...options } = JSON.parse(process.argv[2] ?? "") as ElectorOptions & { readonly state: string };
const elector = createElector({ ...options, storage: fileStorage(state) });

function say(event: string, facts: object): void {
  process.stdout.write(`${JSON.stringify({ event, ms: monoMs(), ...facts })}\n`);
}

elector.on("elected", ({ epoch }) => say("elected", { epoch }));
elector.on("stepDown", ({ epoch }, why) => say("stepDown", { epoch, why }));
elector.on("leader", (leader) => say("leader", { leader: leader?.id ?? "", epoch: leader?.epoch ?? 0 }));
elector.on("hosts", (rows) => say("hosts", { live: rows.filter(({ rank }) => rank !== undefined).length }));
process.on("SIGUSR2", () => elector.resign());
for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.once(signal, () => void elector.stop().then(() => process.exit(0)));
}
await elector.start();
console.log(`listening on ${elector.address}`);
