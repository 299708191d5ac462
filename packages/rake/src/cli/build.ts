/** `rake`: builds a Rakefile. */
import { readFileSync } from "node:fs";
import { basename, dirname, isAbsolute, join, resolve } from "node:path";
import { performance } from "node:perf_hooks";
import { type Command, Option } from "commander";
import { RakefileError } from "../core/errors.js";
import { reasonsText } from "../core/explain-text.js";
import type { HostAddress, Plan } from "../core/plan.js";
import { parseRakefile } from "../core/rakefile.js";
import type { BuildReport } from "../core/report.js";
import { timelineHtml } from "../core/timeline.js";
import { totalsText } from "../core/totals.js";
import { traceJson } from "../core/trace.js";
import { printable } from "../core/words.js";
import type { BuildOptions } from "../node/build-options.js";
import { hostList } from "./addresses.js";
import { resultJson } from "./build-json.js";
import { BuildScreen } from "./build-screen.js";
import { EXIT, exitCodeOfResult, usageError, warn } from "./exit-codes.js";
import { failuresText } from "./failures.js";
import { readSecret, writeNamed } from "./files.js";
import { hostAdvice } from "./host-advice.js";
import { keepReport } from "./last-report.js";
import { size, wholeNumber } from "./numbers.js";
import { planText } from "./plan-text.js";
import { stopSignal } from "./signals.js";
import { clientTls, type TlsFlags } from "./tls-files.js";

export interface BuildFlags extends TlsFlags {
  readonly file: string;
  readonly dryRun?: true;
  readonly course?: true;
  readonly hosts?: readonly HostAddress[];
  readonly failFast?: true;
  readonly localFallback?: true;
  readonly speculate: boolean;
  readonly cache?: true;
  readonly maxCacheBytes?: number;
  readonly localSlots?: number;
  readonly maxAttempts?: number;
  readonly hostWaitMs?: number;
  readonly v1?: "4" | "8";
  readonly secretFile?: string;
  readonly stateDir: string;
  readonly timeline?: string;
  readonly trace?: string;
  readonly json?: true;
  readonly quiet?: true;
  readonly prefix: boolean;
}

const MAX_MS = 2 ** 31 - 1;

/** The options of `rake` without a command. */
export function addBuildOptions(program: Command): void {
  program
    .option("-f, --file <file>", "the Rakefile; its folder is where everything happens", "Rakefile")
    .option("-n, --dry-run", "print what would be done, and do nothing")
    .option("--course", "refuse what the course's other programs do not understand")
    .option("--hosts <list>", "these hosts, with commas between them, instead of the Rakefile's", hostList)
    .option("--fail-fast", "cancel the other actions of a set when one fails")
    .option("--local-fallback", "run here what no host can run")
    .option("--no-speculate", "start nothing twice that takes long")
    .option("--cache", "take results from the cache, and put them there")
    .option("--max-cache-bytes <size>", "of the cache, as 512m or 2g (default: 1 GiB)", size(0))
    .option("--local-slots <n>", "local actions at a time (default: 4)", wholeNumber(1, 1_000))
    .option("--max-attempts <n>", "attempts of an action at hosts (default: 3)", wholeNumber(1, 1_000))
    .option(
      "--host-wait-ms <ms>",
      "how long no host may be left (default: 10000)",
      wholeNumber(1, MAX_MS, "milliseconds"),
    )
    .addOption(
      new Option("--v1 <bytes>", "talk to servers of v1, whose integers have so many bytes").choices(["4", "8"]),
    )
    .option("--secret-file <file>", "the secret that the servers ask for, 16 bytes or more")
    .option("--tls", "speak TLS, and trust what this machine trusts")
    .option("--tls-ca <file>", "speak TLS, and trust these certificates (PEM)")
    .option("--tls-cert <file>", "show this certificate (PEM); needs --tls-key")
    .option("--tls-key <file>", "the key of the certificate (PEM)")
    .option("--state-dir <dir>", "what is kept between builds, relative to the Rakefile's folder", ".rake")
    .option("--timeline <file>", "write the build as an HTML page with a chart")
    .option("--trace <file>", "write the build as a trace for Perfetto (JSON)")
    .option("--json", "a line of JSON for everything that happens")
    .option("--quiet", "nothing but what actions print, and what went wrong")
    .option("--no-prefix", "leave out the line of the Rakefile before what an action prints");
}

export async function runBuild(flags: BuildFlags): Promise<void> {
  const text = readRakefile(flags.file);
  const plan = planOf(text, flags);
  if (flags.dryRun === true) {
    process.stdout.write(flags.json === true ? `${JSON.stringify(plan)}\n` : planText(plan));
    return;
  }
  const { stdout, stderr } = process;
  const now = (): number => performance.now();
  const isJson = flags.json === true;
  const options = buildOptions(flags, plan);
  for (const name of ["timeline", "trace"] as const) {
    const file = flags[name];
    if (file !== undefined) writeNamed(`--${name}`, file, "");
  }
  const signal = stopSignal((name) => process.exit(name === "SIGTERM" ? EXIT.terminated : EXIT.interrupted));
  const { build } = await import("../node/build.js");
  const screen = new BuildScreen(plan, {
    ...{ stdout, stderr, now, isJson, isQuiet: flags.quiet === true, hasPrefix: flags.prefix },
    advice: (why) => hostAdvice(why, { isTls: options.tls !== undefined, isV1: options.v1 !== undefined }),
  });
  signal.addEventListener("abort", () => screen.say("stopping what runs; once more ends it at once"), { once: true });
  const troubles: string[] = [];
  let report: BuildReport;
  try {
    report = await build({
      ...options,
      signal,
      onEvent: (event) => screen.event(event),
      show: (shown) => screen.show(shown),
      onTrouble: (message) => void troubles.push(message),
    });
  } finally {
    screen.close();
    for (const message of troubles) warn(message);
  }
  tell(report, flags, screen);
  if (report.result !== undefined) process.exitCode = exitCodeOfResult(report.result, signal.reason);
}

function tell(report: BuildReport, flags: BuildFlags, screen: BuildScreen): void {
  const { result, beganAt = 0, endedAt = beganAt } = report;
  if (flags.json === true && result !== undefined) {
    process.stdout.write(`${resultJson(result, endedAt - beganAt)}\n`);
  } else {
    if (flags.quiet !== true) {
      for (const line of totalsText(report)) screen.say(printable(line));
      const reasons = reasonsText(report);
      if (reasons !== "") screen.say(`why there: ${reasons}; rake explain says more`);
    }
    if (result !== undefined && result.outcome !== "succeeded") {
      screen.say(result.outcome === "cancelled" ? "cancelled" : failuresText(result, report));
    }
  }
  keepReport(
    stateFolder(flags.file, flags.stateDir),
    { rakefile: flags.file, endedAt: new Date().toISOString(), report },
    warn,
  );
  const title = basename(resolve(dirname(flags.file)));
  if (flags.timeline !== undefined) writeNamed("--timeline", flags.timeline, timelineHtml(report, { title }));
  if (flags.trace !== undefined) writeNamed("--trace", flags.trace, traceJson(report));
}

/** Where a build of this Rakefile keeps its state. */
export function stateFolder(file: string, stateDir: string): string {
  return isAbsolute(stateDir) ? stateDir : join(dirname(resolve(file)), stateDir);
}

/** @throws RakeError `USAGE` where there is none */
export function readRakefile(file: string): Uint8Array {
  try {
    return new Uint8Array(readFileSync(file));
  } catch (error) {
    const is = (error as NodeJS.ErrnoException).code;
    const advice = is === "ENOENT" && file === "Rakefile" ? "; -f FILE names another" : "";
    throw usageError(`there is no Rakefile to be read: ${(error as Error).message}${advice}`, error);
  }
}

/** @throws RakefileError with a line for each fault */
function planOf(text: Uint8Array, { file, course, hosts }: BuildFlags): Plan {
  const { plan, faults, message } = parseRakefile(text, { file, course: course === true });
  if (faults.length > 0) throw new RakefileError("RAKEFILE", message);
  return hosts === undefined ? plan : { ...plan, hosts };
}

function buildOptions(flags: BuildFlags, plan: Plan): BuildOptions {
  const { file, stateDir, failFast, localFallback, speculate, cache, v1, secretFile } = flags;
  const { maxCacheBytes, localSlots, maxAttempts, hostWaitMs } = flags;
  const secret = readSecret(secretFile);
  const tls = clientTls(flags);
  return {
    ...{ plan, folder: dirname(resolve(file)), stateDir, speculate },
    ...(failFast === true && { failFast }),
    ...(localFallback === true && { localFallback }),
    ...(cache === true && { cache }),
    ...(v1 !== undefined && { v1: v1 === "4" ? 4 : 8 }),
    ...(secret !== undefined && { secret }),
    ...(tls !== undefined && { tls }),
    ...(maxCacheBytes !== undefined && { maxCacheBytes }),
    ...(localSlots !== undefined && { localSlots }),
    ...(maxAttempts !== undefined && { maxAttempts }),
    ...(hostWaitMs !== undefined && { noHostMs: hostWaitMs }),
  };
}
