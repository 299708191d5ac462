/**
 * `pnpm demo:captured`: the demo in a network namespace of its own, with tshark listening there; then how many messages of each
 * protocol and type were seen. Exits 1 where the demo does, where a protocol is missing, where anything was sent that is no part of a
 * message that a dissector named, and where a message is marked that no chapter had damaged. Needs root, iproute2 and tshark; where tshark
 * may not listen, the demo runs all the same, and why it was not captured is said: an error where `LAB_REQUIRE` names tshark.
 */
import { spawnSync } from "node:child_process";
import { chmodSync } from "node:fs";
import { join } from "node:path";
import { temporaryFolder } from "../scripts/temporary.js";
import { type Exit, start } from "../test/process.js";
import { countMessages, countsTable, type Ports } from "./counts.js";
import { type Flow, flowsOf } from "./flows.js";

const PROTOCOLS = ["framing", "hftp", "stopwait-v2", "election", "broadcast", "rake"];
/** What the stranger of the first chapter sends on purpose. */
const STRANGE = "a frame of 4611686018427387904 bytes, at most 16777216 are taken";
/** Bad networks of two chapters damage datagrams, not more of them than this. */
const DAMAGED = 0.05;
const namespace = `lab-tour-${process.pid}`;
const folder = temporaryFolder("lab-tour-");
chmodSync(folder, 0o777); // tshark's capturing part may give up being root
const capture = join(folder, "tour.pcapng");

process.once("exit", () => spawnSync("ip", ["netns", "del", namespace]));
ip("netns", "add", namespace);
ip("-n", namespace, "link", "set", "lo", "up");
const { demo, ports, whyNot } = await captured();
if (demo.code !== 0) console.error(`the demo ended with ${demo.signal ?? demo.code}: ${demo.stderr}`);
if (whyNot !== undefined) console.error(`not captured: ${whyNot}`);
const isRequired = (process.env["LAB_REQUIRE"] ?? "").split(",").includes("tshark");
const isGood = whyNot === undefined ? await allHaveNames(ports) : !isRequired;
process.exit(demo.code === 0 && isGood ? 0 : 1);

/** Runs the demo while tshark writes down what it sends. */
async function captured(): Promise<{ demo: Exit; ports: Ports; whyNot: string | undefined }> {
  const inside = ["netns", "exec", namespace];
  const words = ["tshark", "-q", "-i", "lo", "-B", "64", "-w", capture];
  await using listener = start("ip", [...inside, "sh", "-c", 'exec "$@" 2>&1', "-", ...words]);
  const whyNot = await listener.line(/^Capturing on /).then(
    () => undefined,
    (error: Error) => error.message,
  );
  // Nothing tells frames from other bytes: the ports of its chapter are read where it says them.
  const framing: number[] = [];
  await using demo = start("ip", [...inside, "pnpm", "demo"], {
    onLine: (line) => {
      console.log(line);
      const [, port] = /^(?:examples\/log-collector listens|.*before it,) on 127\.0\.0\.1:(\d+)/.exec(line) ?? [];
      if (port !== undefined) framing.push(Number(port));
    },
  });
  const exit = await demo.exited;
  listener.signal("SIGINT");
  await listener.exited;
  return { demo: exit, ports: { framing }, whyNot };
}

/** Prints the counts, and what has no name. */
async function allHaveNames(ports: Ports): Promise<boolean> {
  const counts = await countMessages(capture, ports);
  console.log(`\n=== What was on the wire\n\n${countsTable(counts)}`);
  const flows = await flowsOf(capture, ports);
  const payloads = flows.reduce((sum, { packets }) => sum + packets, 0);
  const cut = flows.filter((flow) => flow.cut);
  console.log(
    `${payloads} packets with anything in them, in ${flows.length} flows; ${cut.length} flows end within a message`,
  );
  const wrong = [
    ...PROTOCOLS.filter((name) => !counts.messages.has(name)).map((name) => `no message of ${name} was seen`),
    ...[...counts.notes.keys()].map((note) => `not dissected: ${note}`),
    ...flows.flatMap(wrongIn),
  ];
  for (const line of wrong) console.error(line);
  return wrong.length === 0;
}

function wrongIn({ name, packets, unnamed, faults, isStream }: Flow): string[] {
  const isDamaged = isStream ? faults.some((fault) => fault !== STRANGE) : faults.length > 1 + DAMAGED * packets;
  return [
    ...(unnamed === 0 ? [] : [`${unnamed} of ${packets} packets of ${name} are no part of a message that has a name`]),
    ...(isDamaged ? [`${faults.length} of ${packets} packets of ${name} are marked: ${faults[0]}`] : []),
  ];
}

function ip(...args: string[]): void {
  const { status, stderr } = spawnSync("ip", args, { encoding: "utf8" });
  if (status !== 0) throw new Error(`ip ${args.join(" ")}: ${stderr}`);
}
