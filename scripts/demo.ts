/**
 * `pnpm demo`: the tour, a list of short chapters, each an example app. Exits 1 when a chapter fails, or when nothing is proven of a
 * package. `pnpm demo --stay` leaves a cluster with its dashboards open at the end, until Ctrl-C.
 */
import { readdirSync } from "node:fs";
import { parseArgs } from "node:util";
import { run as campus } from "../examples/campus/demo.js";
import { run as chat } from "../examples/chat/demo.js";
import { run as cluster, stay as stayWithCluster } from "../examples/cluster/demo.js";
import { run as fileDrop } from "../examples/file-drop/demo.js";
import { run as hftpServer } from "../examples/hftp-server/demo.js";
import { run as rakeBuild } from "../examples/rake-build/demo.js";
import { type Chapter, tour } from "./tour.js";

const chapters: readonly Chapter[] = [
  {
    title: "HFTP: a real file from a real server, in parallel slices, verified",
    proves: ["hftp", "framing"],
    run: hftpServer,
  },
  {
    title: "UDP: a file through a network that loses, doubles, reorders and damages packets",
    proves: ["stopwait-udp", "simnet"],
    run: fileDrop,
  },
  {
    title: "Election: five processes elect a leader, it is killed, another leads",
    proves: ["election"],
    run: cluster,
  },
  {
    title: "Broadcast: a chat of five, one cut off, one slow, the server killed and restarted",
    proves: ["broadcast"],
    run: chat,
  },
  {
    title: "Rake: two real builds over three servers, one of them killed in the middle",
    proves: ["rake"],
    run: rakeBuild,
  },
  {
    title: "The campus: all of them at once, and whoever leads is killed in the middle of a build",
    proves: ["campus"],
    run: campus,
  },
];

const isStaying = staysAtTheEnd();
const packages = readdirSync(new URL("../packages", import.meta.url));
if (!(await tour(chapters, [...packages, "campus"]))) process.exitCode = 1;
if (isStaying) await stayWithCluster(interrupted());

function staysAtTheEnd(): boolean {
  try {
    return parseArgs({ options: { stay: { type: "boolean", default: false } } }).values.stay;
  } catch (error) {
    console.error(`demo: ${(error as Error).message.split(". ")[0]}; it takes --stay, or nothing`);
    process.exit(2);
  }
}

function interrupted(): AbortSignal {
  const controller = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => controller.abort());
  return controller.signal;
}
