/** `pnpm demo`: a list of short chapters, each an example app. Exits 1 when a chapter fails. */
import { performance } from "node:perf_hooks";
import { run as chat } from "../examples/chat/demo.js";
import { run as cluster } from "../examples/cluster/demo.js";
import { run as fileDrop } from "../examples/file-drop/demo.js";
import { run as hftpServer } from "../examples/hftp-server/demo.js";
import { run as rakeBuild } from "../examples/rake-build/demo.js";

/** One chapter: it prints what it does and resolves with what was proven; it rejects when that was not so. */
interface Chapter {
  readonly title: string;
  readonly run: () => Promise<string>;
}

const chapters: readonly Chapter[] = [
  { title: "HFTP: a real file from a real server, in parallel slices, verified", run: hftpServer },
  { title: "UDP: a file through a network that loses, doubles, reorders and damages packets", run: fileDrop },
  { title: "Election: five processes elect a leader, it is killed, another leads", run: cluster },
  { title: "Broadcast: a chat of five, one cut off, one slow, the server killed and restarted", run: chat },
  { title: "Rake: two real builds over three servers, one of them killed in the middle", run: rakeBuild },
];

const lines: string[] = [];
for (const [index, { title, run }] of chapters.entries()) {
  console.log(`\n=== ${index + 1} of ${chapters.length}. ${title}\n`);
  const began = performance.now();
  let outcome: string;
  try {
    outcome = `proven  ${await run()}`;
  } catch (error) {
    console.error(error);
    outcome = `FAILED  ${error instanceof Error ? error.message : String(error)}`;
    process.exitCode = 1;
  }
  lines.push(`${String(index + 1).padStart(2)}  ${outcome} (${((performance.now() - began) / 1000).toFixed(1)} s)`);
}
console.log(`\n=== What was shown\n\n${lines.join("\n")}`);
