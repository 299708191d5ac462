/** The row "a 1 GiB input and a 1 GiB output": `node --import tsx packages/rake/test/node-server/memory.ts [MIB]`. */
import { measureMemory } from "./memory-load.js";

const BAR_MIB = 150;
const mib = Number(process.argv[2] ?? 1_024);
const { beforeMib, peakMib, isWhole } = await measureMemory(mib);
const verdict = isWhole && peakMib <= BAR_MIB ? "met" : "not met";
process.stdout.write(
  `${mib} MiB in and out: server RSS at most ${peakMib.toFixed(0)} MiB (${beforeMib.toFixed(0)} before), bar ${BAR_MIB}: ${verdict}\n`,
);
process.exitCode = verdict === "met" ? 0 : 1;
