/**
 * `pnpm demo:captured`: the demo in a network namespace of its own, with tshark listening there; then how many messages of each
 * protocol and type were seen. Exits 1 where the demo does, where a protocol is missing, or where a connection or a flow of
 * datagrams has not one message that a dissector named (but those that were cut within their first packet). Needs root, iproute2 and tshark; where tshark may not listen, the demo
 * runs all the same, and why it was not captured is said.
 */
import { spawnSync } from "node:child_process";
import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { start } from "../test/process.js";
import { countMessages, countsTable, tshark } from "./counts.js";

const PROTOCOLS = ["hftp", "stopwait-v2", "election", "broadcast", "rake"];
const namespace = `lab-tour-${process.pid}`;
const folder = mkdtempSync(join(tmpdir(), "lab-tour-"));
chmodSync(folder, 0o777); // tshark's capturing part may give up being root
const capture = join(folder, "tour.pcapng");

// The demo ends by these, and then this does.
for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => {});
try {
  ip("netns", "add", namespace);
  ip("-n", namespace, "link", "set", "lo", "up");
  const { isProven, whyNot } = await captured();
  if (whyNot !== undefined) console.log(`\nnot captured: ${whyNot}`);
  if (!isProven || (whyNot === undefined && !(await allHaveNames()))) process.exitCode = 1;
} finally {
  spawnSync("ip", ["netns", "del", namespace]);
  rmSync(folder, { recursive: true, force: true });
}

/** Runs the demo while tshark writes down what it sends. */
async function captured(): Promise<{ isProven: boolean; whyNot: string | undefined }> {
  const inside = ["netns", "exec", namespace];
  const words = ["tshark", "-q", "-i", "lo", "-B", "64", "-w", capture];
  await using listener = start("ip", [...inside, "sh", "-c", 'exec "$@" 2>&1', "-", ...words]);
  const whyNot = await listener.line(/^Capturing on /).then(
    () => undefined,
    (error: Error) => error.message,
  );
  const { status } = spawnSync("ip", [...inside, "pnpm", "demo"], { stdio: ["ignore", "inherit", "inherit"] });
  listener.signal("SIGINT");
  await listener.exited;
  return { isProven: status === 0, whyNot };
}

/** Prints the counts, and what has no name. */
async function allHaveNames(): Promise<boolean> {
  const counts = await countMessages(capture);
  console.log(`\n=== What was on the wire\n\n${countsTable(counts)}`);
  const missing = PROTOCOLS.filter((name) => !counts.messages.has(name));
  const flows = await flowsOf(capture);
  const unnamed = flows.filter(({ named, packets }) => named === 0 && packets > 1);
  const cut = flows.filter(({ named, packets }) => named === 0 && packets === 1);
  console.log(
    `${flows.length} flows with anything in them, ${cut.length} cut within their first packet, ${unnamed.length} others without a message that has a name`,
  );
  for (const { name, packets } of unnamed) console.error(`no message of ${name} was named, of ${packets} packets`);
  for (const name of missing) console.error(`no message of ${name} was seen`);
  return unnamed.length + missing.length === 0;
}

interface Flow {
  readonly name: string;
  /** Those that carry anything, and those in which a message ends that has a name. */
  packets: number;
  named: number;
}

/** The connections and flows of datagrams of a capture. */
async function flowsOf(file: string): Promise<Flow[]> {
  const fields = ["tcp.stream", "tcp.len", "tcp.dstport", "udp.stream", "udp.dstport", "lab.message", "http"];
  const args = ["-T", "fields", ...fields.flatMap((field) => ["-e", field]), "-E", "separator=;", "-E", "occurrence=f"];
  const flows = new Map<string, Flow>();
  for (const line of await tshark(file, {}, args)) {
    const [tcp, bytes, tcpPort, udp, udpPort, message, http] = line.split(";");
    const name = tcp === "" ? `udp ${udp}` : `tcp ${tcp}`;
    if (tcp === "" ? udp === "" : bytes === "0") continue;
    const flow = flows.get(name) ?? { name: `${name} to port ${tcp === "" ? udpPort : tcpPort}`, packets: 0, named: 0 };
    flows.set(name, flow);
    flow.packets++;
    if (message !== "" || http !== "") flow.named++;
  }
  return [...flows.values()];
}

function ip(...args: string[]): void {
  const { status, stderr } = spawnSync("ip", args, { encoding: "utf8" });
  if (status !== 0) throw new Error(`ip ${args.join(" ")}: ${stderr}`);
}
