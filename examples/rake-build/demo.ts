/** The demo's chapter on rake: two real builds over three servers, one of them killed in the middle, and what was built runs. */
import { chmodSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { type BuildReport, build, explainText, totalsOf } from "@lab/rake";
import { type RunningProcess, run as runProgram, startTypeScript } from "../../test/process.js";
import { layOutCProject, RFC_9106_TAG } from "./src/c-project.js";
import { layOutNodeProject } from "./src/node-project.js";

const COMMAND = new URL("../../packages/rake/src/cli/main.ts", import.meta.url);
const SERVERS = ["alpha", "beta", "gamma"];
/** Actions that have succeeded when the server is killed that begins the next one. */
const BEFORE_THE_KILL = 3;

interface Server {
  readonly name: string;
  readonly process: RunningProcess;
  readonly address: string;
}

export async function run(): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), "lab-demo-"));
  chmodSync(folder, 0o711); // actions of servers that are root have another user
  const servers: Server[] = [];
  try {
    servers.push(...(await Promise.all(SERVERS.map((name) => startServer(folder, name)))));
    return await builds(folder, servers);
  } finally {
    for (const { process } of servers) process.signal("SIGTERM");
    await Promise.all(servers.map(({ process }) => process.exited));
    rmSync(folder, { recursive: true, force: true });
  }
}

async function startServer(folder: string, name: string): Promise<Server> {
  const store = join(folder, name);
  const process = startTypeScript(COMMAND, ["serve", "--port", "0", "--slots", "1", "--name", name, "--folder", store]);
  return { name, process, address: `127.0.0.1:${await process.port()}` };
}

async function builds(folder: string, servers: readonly Server[]): Promise<string> {
  const hosts = servers.map(({ address }) => address);
  console.log(servers.map(({ name, address }) => `${name} is ${address}`).join(", "));

  console.log("\nour own packages, bundled by esbuild, which comes to the hosts as an input, and checked by Node:");
  const ours = join(folder, "node");
  layOutNodeProject(ours, hosts);
  const first = await buildAll(ours, servers);
  if (first.killed === undefined) throw new Error("no server was killed: the build was over before");
  const lost = first.report.actions.flatMap(({ attempts }) => attempts.filter(({ outcome }) => outcome === "lost"));
  if (lost.length === 0) throw new Error("the server that was killed had nothing to lose");
  const { FrameDecoder } = (await import(pathToFileURL(join(ours, "dist", "framing.mjs")).href)) as {
    readonly FrameDecoder: new () => { push(chunk: Uint8Array): readonly Uint8Array[] };
  };
  const [frame] = new FrameDecoder().push(Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 2, 79, 75));
  if (frame === undefined || Buffer.from(frame).toString() !== "OK")
    throw new Error("the bundle of framing is no framing");
  console.log("  the bundle that came back decodes a frame");

  const actions = first.report.actions.length;
  const what = `${actions} actions with ${first.killed} killed on the way, ${lost.length} placed again`;
  const { code } = await runProgram("cc", ["--version"]).catch(() => ({ code: -1 }));
  if (code !== 0) return `${what}; no C compiler here, so no C project`;

  console.log("\nArgon2 in C, with two servers left:");
  const c = join(folder, "c");
  layOutCProject(c, hosts);
  const second = await buildAll(
    c,
    servers.filter(({ name }) => name !== first.killed),
    false,
  );
  const { stdout } = await runProgram(join(c, "argon2-vector"));
  if (stdout.trim() !== RFC_9106_TAG) throw new Error(`the program that was built says ${stdout}`);
  console.log(`  ./argon2-vector says ${stdout.trim().slice(0, 16)}..., as RFC 9106 does`);
  return `${what}; Argon2 in ${second.report.actions.length}, its test vector is right`;
}

interface Built {
  readonly report: BuildReport;
  /** The server that was killed. */
  readonly killed: string | undefined;
}

async function buildAll(folder: string, servers: readonly Server[], kills = true): Promise<Built> {
  let done = 0;
  let killed: Server | undefined;
  const hostOf = new Map<number, number>();
  const report = await build({
    folder,
    rakefile: readFileSync(join(folder, "Rakefile")),
    onEvent: (event) => {
      if (event.type === "actionSucceeded") done++;
      else if (event.type === "placed" && typeof event.where === "object") hostOf.set(event.attempt, event.where.host);
      else if (event.type === "started" && kills && killed === undefined && done >= BEFORE_THE_KILL) {
        killed = servers[hostOf.get(event.attempt) ?? -1];
        killed?.process.kill("SIGKILL");
        if (killed !== undefined) console.log(`  ${killed.name} is killed with SIGKILL while it runs an action`);
      }
    },
  });
  const { result } = report;
  if (result?.outcome !== "succeeded") throw new Error(`the build ${result?.outcome}: ${result?.message}`);
  tell(report, servers);
  return { report, killed: killed?.name };
}

function tell(report: BuildReport, servers: readonly Server[]): void {
  const { tookMs, bids, refusals, sentBytes, savedBytes, retries, speculations } = totalsOf(report);
  console.log(
    `  ${report.actions.length} actions in ${(tookMs / 1_000).toFixed(1)} s; ${bids} bids, ${refusals} refusals; ` +
      `${retries} retried, ${speculations} started twice`,
  );
  const whole = sentBytes + savedBytes;
  console.log(`  ${mib(sentBytes)} of inputs were sent, ${mib(savedBytes)} of ${mib(whole)} were there already`);
  const retried = report.actions.find(({ attempts }) => attempts.some(({ outcome }) => outcome === "lost"));
  const shown = retried ?? report.actions[0];
  if (shown === undefined) return;
  let text = explainText(report, { lines: [shown.line] }).trimEnd();
  for (const { name, address } of servers) text = text.replaceAll(address, name);
  console.log(text.replace(/^/gm, "    "));
}

function mib(bytes: number): string {
  return `${(bytes / 1_048_576).toFixed(1)} MiB`;
}
