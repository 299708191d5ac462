/**
 * `pnpm demo`: the tour, a list of short chapters, each an example app. Exits 1 when a chapter fails, or when nothing is proven of a
 * package. `pnpm demo --stay` leaves a cluster with its dashboards open at the end, until Ctrl-C.
 */
import { mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { stay as stayWithCluster } from "../examples/cluster/demo.js";
import { CHAPTERS } from "./chapters.js";
import { temporaryFolder } from "./temporary.js";
import { tour } from "./tour.js";

const isStaying = staysAtTheEnd();
// What the chapters and their programs leave in the folder for temporary files goes with it, also after Ctrl-C.
process.env["TMPDIR"] = join(temporaryFolder("lab-demo-"), "tmp");
mkdirSync(process.env["TMPDIR"]);
const packages = readdirSync(new URL("../packages", import.meta.url));
const isGreen = await tour(CHAPTERS, [...packages, "campus"]);
if (isStaying) await stayWithCluster(new AbortController().signal); // Ctrl-C ends all of it
process.exit(isGreen ? 0 : 1); // a chapter that hung would hold it

function staysAtTheEnd(): boolean {
  try {
    return parseArgs({ options: { stay: { type: "boolean", default: false } } }).values.stay;
  } catch (error) {
    console.error(`demo: ${(error as Error).message.split(". ")[0]}; it takes --stay, or nothing`);
    process.exit(2);
  }
}
