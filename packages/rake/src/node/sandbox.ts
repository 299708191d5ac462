/** Which sandbox works here (R43): found out by running something in it, not by looking for its program. */
import { spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { accessSync, constants } from "node:fs";
import { delimiter, isAbsolute, join } from "node:path";
import { RakeError } from "../core/errors.js";
import type { Sandbox } from "../core/messages.js";
import type { JobLimits } from "../core/server-contract.js";
import { type RunningAction, type StartAction, startHere } from "./engine.js";
import type { Fifos } from "./fifos.js";
import { type Launcher, launch } from "./launch.js";
import { hasMeter } from "./meter.js";
import { removeFolder } from "./removal.js";
import { closedFolder } from "./run-as.js";
import { makeRunFolder } from "./run-folder.js";
import type { Store } from "./store.js";
import { messageOf } from "./trouble.js";

export interface SandboxOptions {
  /** Undefined: the best one that works. */
  readonly wanted: Sandbox | undefined;
  readonly user: Launcher["user"];
  readonly env: Launcher["env"];
  readonly readable: readonly string[];
  /** Where a folder for the trial can be made, and what it is made with. */
  readonly runs: string;
  readonly store: Store;
  readonly fifos: Fifos;
  /** Where it is to work; default: on this machine. */
  readonly start?: StartAction | undefined;
}

export interface FoundSandbox {
  readonly launcher: Launcher;
  /** Why a better one is not used, one line each. */
  readonly passedOver: readonly string[];
}

const PROBE_MS = 10_000;
const PROBE_LIMITS: JobLimits = {
  cpuSeconds: 10,
  memoryBytes: 2 ** 32,
  processes: 256,
  fileBytes: 2 ** 20,
  openFiles: 256,
  folderBytes: 2 ** 20,
  outputs: 1,
  outputBytes: 1,
};
/** Its folder can be written to, its home is there, and what it prints can be opened by its name. */
const PROBE = 'echo probe >probe && test -s probe && test -d "$HOME" && echo works >/dev/stdout';

/** @throws RakeError `SANDBOX` where the one that is wanted does not work, or where none does; the message says why */
export async function findSandbox(options: SandboxOptions): Promise<FoundSandbox> {
  const { wanted, user, env, readable } = options;
  const perl = hasMeter ? workingPerl() : undefined;
  const bwrap = programIn(process.env["PATH"] ?? "", "bwrap");
  const passedOver: string[] =
    perl === undefined ? ["no perl that can measure and end actions: a plain shell does it"] : [];
  for (const sandbox of wanted === undefined ? (["bwrap", "rlimit"] as const) : [wanted]) {
    const launcher: Launcher = { sandbox, perl, bwrap, user, env, readable };
    let whyOpen: string | undefined;
    if (sandbox === "bwrap" && bwrap !== undefined) {
      const sealed: Launcher = { ...launcher, isSealed: true };
      whyOpen = await whyNot(sealed, options);
      if (whyOpen === undefined) return { launcher: sealed, passedOver };
    }
    const why = await whyNot(launcher, options);
    if (why === undefined) {
      if (whyOpen !== undefined) passedOver.push(`actions may make user namespaces of their own: ${whyOpen}`);
      return { launcher, passedOver };
    }
    passedOver.push(`${sandbox}: ${why}`);
  }
  const closed = user === undefined ? undefined : closedFolder(user, options.runs);
  if (closed !== undefined) {
    passedOver.unshift(
      `actions run as user ${user?.uid}, who cannot enter ${closed.path} (mode ${closed.mode}): name another folder`,
    );
  }
  throw new RakeError("SANDBOX", `no sandbox works here; ${passedOver.join("; ")}`);
}

async function whyNot(launcher: Launcher, options: SandboxOptions): Promise<string | undefined> {
  if (launcher.sandbox === "bwrap") {
    if (launcher.bwrap === undefined) return "there is no bwrap on the PATH";
    // Its own exit code does not tell a signal from a code above 128.
    if (launcher.perl === undefined) return "it needs perl, which says exactly how an action ended";
  }
  const top = join(options.runs, `probe-${randomBytes(6).toString("hex")}`);
  try {
    const { paths } = await makeRunFolder(top, [], options.store, launcher.user);
    const words = ["/bin/sh", "-c", PROBE];
    const started = await (options.start ?? startHere)({
      launch: launch(launcher, paths, PROBE_LIMITS, words),
      paths,
      user: launcher.user,
      fifos: options.fifos,
    });
    const timer = setTimeout(() => started.kill(true), PROBE_MS);
    try {
      const [end, out, err] = await Promise.all([started.ended, textOf(started, "stdout"), textOf(started, "stderr")]);
      if (end.code === 0 && out === "works\n") return undefined;
      return (end.failed ?? err).trim().split("\n")[0] || `a trial ended with ${end.code ?? `signal ${end.signal}`}`;
    } finally {
      clearTimeout(timer);
      await started.end();
    }
  } catch (error) {
    return messageOf(error);
  } finally {
    await removeFolder(top).catch(() => {});
  }
}

async function textOf(started: RunningAction, stream: "stdout" | "stderr"): Promise<string> {
  let text = "";
  for (let bytes = await started.pull(stream, 4_096); bytes !== undefined; bytes = await started.pull(stream, 4_096)) {
    text = (text + Buffer.from(bytes).toString()).slice(0, 4_096);
  }
  return text;
}

/** One that starts; that the meter works in it is for the trial to show. */
export function workingPerl(): string | undefined {
  for (const path of ["/usr/bin/perl", programIn(process.env["PATH"] ?? "", "perl")]) {
    if (path === undefined) continue;
    const { status } = spawnSync(path, ["-e", "exit(length(pack 'q', 1) == 8 ? 0 : 1)"], { timeout: PROBE_MS });
    if (status === 0) return path;
  }
  return undefined;
}

export function programIn(path: string, name: string): string | undefined {
  for (const folder of path.split(delimiter)) {
    if (!isAbsolute(folder)) continue;
    try {
      accessSync(join(folder, name), constants.X_OK);
      return join(folder, name);
    } catch {
      // Not there.
    }
  }
  return undefined;
}
