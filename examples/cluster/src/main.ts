/** A cluster to be maltreated: `pnpm start [--nodes 5] [--mode quorum|available]`. */
import { createInterface } from "node:readline";
import { parseArgs } from "node:util";
import { obey } from "./actions.js";
import { renderBoard, renderNode } from "./board.js";
import { Cluster, type ClusterOptions } from "./cluster.js";
import { Keys } from "./keys.js";

const { nodes, mode } = parseOptions();
let keys: Keys | undefined;
const told = new Map<string, string>();
await using cluster = new Cluster({ nodes, mode, onChange: () => (keys === undefined ? tell() : keys.draw()) });
const interrupted = new Promise<void>((resolve) => {
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, resolve);
});

console.log(`${nodes} nodes are being started in mode ${mode}, with times of the preset "fast"`);
await Promise.race([play(), interrupted]);
keys?.close();
process.stdin.destroy();
console.log("all nodes are being ended");

async function play(): Promise<void> {
  await cluster.start();
  console.log(`dashboard on ${cluster.status("a").dashboard}`);
  if (!process.stdin.isTTY || !process.stdout.isTTY) return await readCommands();
  keys = new Keys(cluster);
  await keys.run();
}

/** Without a terminal: commands from standard input, and a line for whatever changes. Its end ends the cluster. */
async function readCommands(): Promise<void> {
  for await (const line of createInterface({ input: process.stdin })) {
    if (line.trim() === "quit") return;
    if (line.trim() === "") for (const row of rows()) console.log(row);
    else await obey(cluster, line).catch((error: Error) => console.log(`error: ${error.message}`));
  }
}

function tell(): void {
  for (const id of cluster.ids) {
    const line = renderNode(cluster.status(id));
    if (told.get(id) !== line && cluster.status(id).process !== "starting") console.log(line);
    told.set(id, line);
  }
}

function rows(): string[] {
  return renderBoard(cluster.ids.map((id) => cluster.status(id)));
}

function parseOptions(): Pick<ClusterOptions, "nodes" | "mode"> {
  try {
    const { values } = parseArgs({
      options: { nodes: { type: "string", default: "5" }, mode: { type: "string", default: "quorum" } },
    });
    const { mode } = values;
    if (mode !== "quorum" && mode !== "available") throw new Error(`--mode is ${mode}`);
    if (!/^[1-7]$/.test(values.nodes)) throw new Error(`--nodes is ${values.nodes}`);
    return { nodes: Number(values.nodes), mode };
  } catch (error) {
    console.error((error as Error).message);
    console.error("usage: pnpm start [--nodes 1 to 7, 5 by default] [--mode quorum|available, quorum by default]");
    process.exit(2);
  }
}
