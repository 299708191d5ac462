/** A step and its calls, where `srun` is a stand-in that starts the words here: what cannot be had of a Slurm that works (docs/rake.md R50). */
import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it, onTestFinished } from "vitest";
import { scratchFolder } from "../../../../test/scratch.js";
import { Fifos } from "../../src/node/fifos.js";
import { launch, runPaths } from "../../src/node/launch.js";
import { programIn } from "../../src/node/sandbox.js";
import { Callbacks } from "../../src/node/slurm/callbacks.js";
import { StepAction } from "../../src/node/slurm/step-action.js";
import { LIMITS } from "../node-server/action-rig.js";

/** Takes its own words away. */
const SRUN =
  'while [ "$1" != perl ]; do shift; done\nexport SLURM_LAUNCH_NODE_IPADDR=127.0.0.1 SLURM_JOB_ID=7\nexec "$@"\n';

const before = process.env["PATH"];
let callbacks: Callbacks;
beforeEach(async () => {
  callbacks = await Callbacks.listen("127.0.0.1");
});
afterEach(async () => {
  process.env["PATH"] = before;
  await callbacks.close();
});

async function started(command: string, { srun = SRUN, startMs = 5_000 } = {}): Promise<StepAction> {
  const folder = scratchFolder();
  for (const [name, body] of Object.entries({ srun, squeue: "", scancel: "" })) {
    mkdirSync(join(folder, "bin"), { recursive: true });
    writeFileSync(join(folder, "bin", name), `#!/bin/sh\n${body}`);
    chmodSync(join(folder, "bin", name), 0o755);
  }
  process.env["PATH"] = `${join(folder, "bin")}:${before}`;
  const paths = runPaths(join(folder, "run"));
  for (const path of [paths.top, paths.work, paths.home, paths.tmp]) mkdirSync(path);
  const perl = programIn(before ?? "", "perl");
  const launcher = { sandbox: "none", perl, bwrap: undefined, user: undefined, readable: [] } as const;
  const env = { PATH: process.env["PATH"] ?? "", LANG: "C.UTF-8" };
  const options = {
    launch: launch({ ...launcher, env }, paths, LIMITS, ["/bin/sh", "-c", command]),
    paths,
    user: undefined,
    fifos: new Fifos(folder),
  };
  const setting = { jobId: 7, name: "rake-1", cpus: 1, callbacks, address: undefined, perl: "perl", arguments: [] };
  const action = await StepAction.start({ ...setting, startMs, endMs: 1_000 }, options);
  onTestFinished(() => action.end());
  return action;
}

async function textOf(action: StepAction, stream: "stdout" | "stderr"): Promise<string> {
  let text = "";
  for (let bytes = await action.pull(stream, 65_536); bytes !== undefined; bytes = await action.pull(stream, 65_536)) {
    text += Buffer.from(bytes).toString();
  }
  return text;
}

it("R50: streams are whole and apart, the environment is what is allowed, and the end comes behind both", async () => {
  const action = await started("env | cut -d= -f1 | sort | grep -v ^_; seq 1 30000 >&2; exit 3");
  const ends: string[] = [];
  void action.ended.then(() => ends.push("ended"));
  const stdout = await textOf(action, "stdout");
  expect(stdout.split("\n").filter((name) => !["", "PWD", "OLDPWD", "SHLVL"].includes(name))).toEqual([
    "HOME",
    "LANG",
    "PATH",
    "RAKE_RUN",
    "TMPDIR",
  ]);
  expect(ends).toEqual([]); // stderr is not read yet, and is longer than what lies on the way
  expect((await textOf(action, "stderr")).split("\n")).toHaveLength(30_001);
  expect(await action.ended).toMatchObject({ code: 3 });
});

it.each([
  ["in the middle", breaking("o")],
  ["before it was named", unnamed("o")],
])("R50: a stream that breaks %s makes of an exit code 0 a failure", async (_when, srun) => {
  const action = await started("seq 1 200000; exit 0", { srun });
  void textOf(action, "stdout");
  void textOf(action, "stderr");
  expect(await action.ended).toMatchObject({
    failed: "what the action printed is not whole: a connection to its node broke",
  });
});

/** Whoever copies this stream is killed in the middle, in a way that its connection breaks. */
function breaking(name: string): string {
  const linger =
    'setsockopt($to, 1, 13, pack("ii", 1, 0)); sysread $from, my $some, 100; syswrite $to, $some; close $to; exit 0';
  const edit = `s/copy\\(\\$from, \\$to\\);/if (\\$what eq "${name}") { ${linger.replaceAll("$", "\\$").replaceAll("/", "\\/")} } copy(\\$from, \\$to);/`;
  return edited(edit);
}

/** The connection of this stream breaks before it says whose it is. */
function unnamed(name: string): string {
  const linger = 'setsockopt(\\$to, 1, 13, pack("ii", 1, 0)); close \\$to; exit 0';
  return edited(`s/syswrite \\$to, "\\$pass/if (\\$what eq "${name}") { ${linger} } syswrite \\$to, "\\$pass/;`);
}

/** A `srun` that runs its words here, with the program of the step changed. */
function edited(edit: string): string {
  return `while [ "$1" != perl ]; do shift; done
export SLURM_LAUNCH_NODE_IPADDR=127.0.0.1
shift 2
program=$(printf '%s' "$1" | perl -0pe '${edit}')
shift
exec perl -e "$program" "$@"
`;
}

it("R50: what srun complains of is the reason of a step that it does not start", async () => {
  const srun =
    "echo 'srun: error: Unable to create step for job 7: Job/step already completing or completed' >&2; exit 1";
  const action = await started("true", { srun });
  expect(await textOf(action, "stdout")).toBe("");
  expect(await action.ended).toMatchObject({
    failed: "Unable to create step for job 7: Job/step already completing or completed",
  });
});

it("R50: a step that does not begin in time is ended and told", async () => {
  const action = await started("true", { srun: "exec sleep 3161", startMs: 50 });
  expect(await action.ended).toMatchObject({ failed: "it did not begin within 50 ms" });
  await action.end();
});

it("R50: who calls without a pass, or with one that is used or forgotten, is turned away", async () => {
  const called: string[] = [];
  const pass = callbacks.await((name, socket) => {
    called.push(name);
    socket.on("data", (bytes) => called.push(String(bytes)));
  });
  await turnedAway(`${"0".repeat(32)} c\n`);
  await turnedAway("GET / HTTP/1.1\r\nHost: localhost:1234567\r\n\r\n");
  await turnedAway(`${pass} x\n`);
  call(`${pass} c`, "\nand more");
  await expect.poll(() => called).toEqual(["c", "and more"]);
  await turnedAway(`${pass} c\n`);
  callbacks.forget(pass);
  await turnedAway(`${pass} o\n`);
});

/** Resolves when the other side has ended the connection. */
async function turnedAway(text: string): Promise<void> {
  const socket = call(text);
  await new Promise((resolve) => socket.once("close", resolve));
}

function call(...texts: readonly string[]): Socket {
  const socket = connect(callbacks.port, "127.0.0.1").setNoDelay(true);
  onTestFinished(() => void socket.destroy());
  socket.on("error", () => {});
  for (const text of texts) socket.write(text);
  return socket;
}
