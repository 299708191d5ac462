/** A campus on this machine whose leaders are killed in the middle of builds: `pnpm start [--nodes 4] [--kills 1]`. */
import { parseArgs } from "node:util";
import { play } from "./play.js";

const USAGE = "usage: pnpm start [--nodes N, 3 to 7, default 4] [--kills N, 0 to 100, default 1]";
const ending = new AbortController();
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => ending.abort());
try {
  const { isProven } = await play({ ...parseOptions(), signal: ending.signal, say: (line) => console.log(line) });
  console.log(isProven ? "all of it is as it must be" : "THAT IS NOT AS IT MUST BE");
  if (!isProven) process.exitCode = 1;
} catch (error) {
  console.error(ending.signal.aborted ? "interrupted" : (error as Error).message);
  process.exitCode = 1;
}

function parseOptions(): { readonly nodes: number; readonly kills: number } {
  try {
    const options = { nodes: { type: "string", default: "4" }, kills: { type: "string", default: "1" } } as const;
    const { nodes, kills } = parseArgs({ options }).values;
    if (!/^[3-7]$/.test(nodes)) throw new Error(`--nodes is ${nodes}`);
    if (!/^(\d{1,2}|100)$/.test(kills)) throw new Error(`--kills is ${kills}`);
    return { nodes: Number(nodes), kills: Number(kills) };
  } catch (error) {
    console.error(`${(error as Error).message}\n${USAGE}`);
    process.exit(2);
  }
}
