/** The words that start an action: a sandbox, the meter, the command. */
import { accessSync, constants, lstatSync, readlinkSync, statSync } from "node:fs";
import { delimiter, isAbsolute, join, resolve } from "node:path";
import { performance } from "node:perf_hooks";
import type { Sandbox } from "../core/messages.js";
import type { JobLimits } from "../core/server-contract.js";
import { meterArguments, plainArguments, type Reach, waitingArguments } from "./meter.js";
import { closedFolder } from "./run-as.js";
import { threadsOf } from "./user-threads.js";

/** How actions are started on this server. */
export interface Launcher {
  readonly sandbox: Sandbox;
  /** Path of a perl that runs the meter; bwrap needs one. */
  readonly perl: string | undefined;
  readonly bwrap: string | undefined;
  /** Whether that bwrap keeps actions from user namespaces of their own, in which they could mount memory that nobody counts. */
  readonly isSealed?: boolean;
  /** Whom actions run as, where that is not the server's user. */
  readonly user: { readonly uid: number; readonly gid: number } | undefined;
  /** What actions may see in their environment, PATH included. */
  readonly env: Readonly<Record<string, string>>;
  /** Besides the system and the folders of PATH, what actions may read under bwrap. */
  readonly readable: readonly string[];
}

/** The folders of one attempt. */
export interface RunPaths {
  readonly top: string;
  /** Where its command runs: its inputs, and what it makes. */
  readonly work: string;
  readonly home: string;
  readonly tmp: string;
  readonly shm: string;
}

export function runPaths(top: string): RunPaths {
  return { top, work: `${top}/work`, home: `${top}/home`, tmp: `${top}/tmp`, shm: `${top}/shm` };
}

/** What every process of an attempt has in its environment at its start, before it changes that. */
export const MARKER = "RAKE_RUN";

const SANDBOX_WORK = "/rake/work";
const SANDBOX_HOME = "/rake/home";

export interface Launch {
  readonly file: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** Descriptors 3, 5 and 6 are the meter's, and what comes on 2 is a complaint of what stands above the action. */
  readonly isMetered: boolean;
  /** Descriptor 4 tells of the namespace's first process. */
  readonly isContained: boolean;
}

/** @param words the program and its arguments; its first may be a name, which is looked for in PATH */
export function launch(launcher: Launcher, paths: RunPaths, limits: JobLimits, words: readonly string[]): Launch {
  const { perl } = launcher;
  const bounds = limitsUnder(launcher, limits);
  return launched(launcher, paths, (reach) =>
    perl === undefined ? plainArguments(bounds, words) : meterArguments(perl, reach, bounds, words),
  );
}

/** What a spawner starts: a meter that waits for the command (`meterOrder`). */
export interface WaitingLaunch {
  readonly env: Readonly<Record<string, string>>;
  readonly reach: Reach;
  readonly isTight: boolean;
  /** Where the meter runs in a sandbox: the words that start that, for a meter of that name. */
  readonly sandboxed: ((name: string) => readonly string[]) | undefined;
}

/**
 * All but the command. Its folder may be root's while the sandbox is made, since inputs are being placed there (`placeInputs`), and the
 * sandbox's user could not enter it: the meter does, when it is told the command. @param perl the launcher's
 */
export function launchWaiting(launcher: Launcher, paths: RunPaths, perl: string): WaitingLaunch {
  const isTight = launcher.sandbox !== "none";
  const around = sandboxArguments(launcher, paths, "/");
  const reach = reachUnder(around);
  return {
    env: actionEnvironment(launcher, paths),
    reach,
    isTight,
    sandboxed:
      around === undefined
        ? undefined
        : (name) => [...around, ...waitingArguments(perl, reach, isTight, SANDBOX_WORK, name)],
  };
}

/**
 * Those that are set under this sandbox. Where actions have the server's own user, all that this user has counts against a limit on
 * processes: an action may have so many more. (bwrap's user namespace has a count of its own.)
 */
export function limitsUnder({ sandbox, user }: Launcher, limits: JobLimits): JobLimits | undefined {
  if (sandbox === "none") return undefined;
  const uid = process.getuid?.();
  if (sandbox === "bwrap" || user !== undefined || uid === undefined) return limits;
  return { ...limits, processes: limits.processes + threadsOf(uid, performance.now()) };
}

function launched(launcher: Launcher, paths: RunPaths, metered: (reach: Reach) => readonly string[]): Launch {
  const around = sandboxArguments(launcher, paths, SANDBOX_WORK);
  const [file = "", ...args] = [...(around ?? []), ...metered(reachUnder(around))];
  const env = actionEnvironment(launcher, paths);
  return { file, args, env, isMetered: launcher.perl !== undefined, isContained: around !== undefined };
}

function reachUnder(around: readonly string[] | undefined): Reach {
  return around === undefined ? "below" : "namespace";
}

function actionEnvironment(launcher: Launcher, paths: RunPaths): Record<string, string> {
  const isContained = isContaining(launcher);
  return {
    ...launcher.env,
    HOME: isContained ? SANDBOX_HOME : paths.home,
    TMPDIR: isContained ? "/tmp" : paths.tmp,
    [MARKER]: paths.top,
    ...(launcher.perl === undefined ? {} : { PERL_BADLANG: "0" }),
  };
}

function isContaining({ sandbox, bwrap }: Launcher): boolean {
  return sandbox === "bwrap" && bwrap !== undefined;
}

/** What stands before the meter; undefined where nothing does. @param folder where the meter starts */
function sandboxArguments(launcher: Launcher, paths: RunPaths, folder: string): string[] | undefined {
  const { bwrap } = launcher;
  return isContaining(launcher) && bwrap !== undefined
    ? [bwrap, ...bwrapArguments(launcher, paths, folder)]
    : undefined;
}

/** The system read-only, its own folders writable; no tmpfs stays writable, since what is written there is memory. */
function bwrapArguments(launcher: Launcher, paths: RunPaths, folder: string): string[] {
  const args = ["--unshare-user", "--unshare-pid", "--unshare-net", "--unshare-ipc", "--unshare-uts"];
  if (launcher.isSealed === true) args.push("--disable-userns");
  args.push("--unshare-cgroup-try", "--die-with-parent", "--info-fd", "4");
  for (const path of ["/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/etc", "/opt", "/nix"]) {
    const stat = lstatSync(path, { throwIfNoEntry: false });
    if (stat?.isSymbolicLink() === true) args.push("--symlink", readlinkSync(path), path);
    else if (stat !== undefined) args.push("--ro-bind", path, path);
  }
  args.push("--proc", "/proc", "--dev", "/dev");
  for (const path of extraFolders(launcher)) args.push("--ro-bind-try", path, path);
  args.push("--bind", paths.shm, "/dev/shm", "--bind", paths.tmp, "/tmp", "--symlink", "/tmp", "/var/tmp");
  args.push("--bind", paths.home, SANDBOX_HOME, "--bind", paths.work, SANDBOX_WORK);
  args.push("--remount-ro", "/dev", "--remount-ro", "/", "--chdir", folder, "--");
  return args;
}

/** Those of PATH that are not part of the system, and what the options name; bwrap ends where its user may not go there. */
function extraFolders({ env, readable, user }: Launcher): string[] {
  const system = /^\/(usr|bin|sbin|lib|lib32|lib64|libx32|etc|opt|nix)(\/|$)/;
  const inPath = (env["PATH"] ?? "").split(delimiter).filter((path) => isAbsolute(path));
  return [...new Set([...inPath, ...readable].map((path) => resolve(path)))].filter(
    (path) => !system.test(path) && path !== "/" && isReachable(path, user),
  );
}

function isReachable(path: string, user: Launcher["user"]): boolean {
  try {
    if (statSync(path, { throwIfNoEntry: false }) === undefined) return false;
  } catch {
    return false; // this server may not even look
  }
  return user === undefined || closedFolder(user, path) === undefined;
}

/** The words with the program's path in place of its name: from PATH, as the shell would find it. @throws where it is not there */
export function findProgram(words: readonly string[], env: Launcher["env"]): string[] {
  const [name = "", ...rest] = words;
  if (name.includes("/")) return [...words];
  for (const folder of (env["PATH"] ?? "").split(delimiter)) {
    const path = join(folder, name);
    if (isAbsolute(folder) && isProgram(path)) return [path, ...rest];
  }
  throw new Error(`there is no program ${JSON.stringify(name)} on this server`);
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

/** The allow-list of R41, but for HOME and TMPDIR. @param names what the server's options add */
export function environment(names: readonly string[]): Record<string, string> {
  const env: Record<string, string> = { PATH: process.env["PATH"] ?? "/usr/local/bin:/usr/bin:/bin" };
  for (const name of ["LANG", "TZ", ...names]) {
    const value = process.env[name];
    if (value !== undefined) env[name] = value;
  }
  return env;
}
