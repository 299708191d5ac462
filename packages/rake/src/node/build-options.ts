/** The options of `build`, and what is looked at before anything is done. */
import { isAbsolute, join, resolve } from "node:path";
import type { BuildMachineOptions } from "../core/build-options.js";
import { resolveBuildOptions } from "../core/build-options.js";
import type { BuildEvent } from "../core/client-contract.js";
import { RakefileError } from "../core/errors.js";
import { whole } from "../core/option-checks.js";
import type { HostAddress, Plan } from "../core/plan.js";
import { checkPlan } from "../core/plan-check.js";
import { parseRakefile } from "../core/rakefile.js";
import type { HostTls } from "./host-socket.js";
import { refuseUnknownKeys } from "./known-keys.js";
import { BUILD_NAMES, HOST_TLS_NAMES } from "./option-names.js";
import type { Show } from "./screen.js";
import type { Trouble } from "./state-file.js";

export interface BuildOptions extends BuildMachineOptions {
  /** The text of a Rakefile; either this or `plan`. */
  readonly rakefile?: string | Uint8Array;
  /** What messages call it; default "Rakefile". */
  readonly file?: string;
  /** Refuse what the course's other programs do not understand (R4); default false. */
  readonly course?: boolean;
  readonly plan?: Plan;
  /** The folder of the Rakefile: inputs, outputs and local actions are there. Default: the working folder. */
  readonly folder?: string;
  /** Instead of those of the Rakefile. */
  readonly hosts?: readonly HostAddress[];
  /** Talk to hosts over TLS; default plain TCP. Not with `v1`. */
  readonly tls?: HostTls;
  /** What is kept between builds, and beside it what is not in its place yet; relative to `folder`. Default ".rake". */
  readonly stateDir?: string;
  /** Bytes that the cache holds (R39); default 1 GiB. */
  readonly maxCacheBytes?: number;
  /** Talk to servers of v1, in the dialect with integers of 4 or 8 bytes (R8, R9); default v2. */
  readonly v1?: 4 | 8;
  /** Cancels the build (R38). */
  readonly signal?: AbortSignal;
  /** Called with all that happens. */
  readonly onEvent?: (event: BuildEvent) => void;
  /** Takes what actions print (R36), one piece after another; default: nobody does. */
  readonly show?: Show;
  /** Told in words what the build gets by with: a damaged state file, a cache that cannot be written. Default: nobody. */
  readonly onTrouble?: Trouble;
}

export interface BuildSetting {
  readonly plan: Plan;
  readonly folder: string;
  readonly state: string;
  readonly tls: HostTls | undefined;
  readonly maxCacheBytes: number;
  readonly machine: BuildMachineOptions;
  readonly v1: 4 | 8 | undefined;
  readonly signal: AbortSignal | undefined;
  readonly onEvent: (event: BuildEvent) => void;
  readonly show: Show;
  readonly onTrouble: Trouble;
}

const GIB = 2 ** 30;

/**
 * The options with their defaults.
 * @throws TypeError or RangeError for a value that is not accepted, or an option that does not exist; RakefileError with a line for each fault of a Rakefile
 */
export function resolveBuild(options: BuildOptions): BuildSetting {
  refuseUnknownKeys(options, BUILD_NAMES);
  const { v1, tls } = options;
  if (typeof tls === "object" && tls !== null) refuseUnknownKeys(tls, HOST_TLS_NAMES);
  if (v1 !== undefined && v1 !== 4 && v1 !== 8) throw new RangeError(`v1 must be 4 or 8, not ${String(v1)}`);
  if (v1 !== undefined && tls !== undefined) throw new TypeError("tls is not for v1, which knows no TLS");
  if (v1 !== undefined && options.secret !== undefined) throw new TypeError("secret is not for v1, which knows none");
  const folder = resolve(options.folder ?? ".");
  const stateDir = options.stateDir ?? ".rake";
  if (typeof stateDir !== "string" || stateDir === "") throw new TypeError("stateDir must be the path of a folder");
  const plan = planOf(options);
  checkPlan(plan);
  checkLocal(plan);
  resolveBuildOptions(options);
  return {
    plan,
    folder,
    state: isAbsolute(stateDir) ? stateDir : join(folder, stateDir),
    tls,
    maxCacheBytes: whole("maxCacheBytes", options.maxCacheBytes, {
      default: GIB,
      min: 0,
      max: Number.MAX_SAFE_INTEGER,
    }),
    machine: options,
    v1,
    signal: options.signal,
    onEvent: options.onEvent ?? (() => {}),
    show: options.show ?? (() => {}),
    onTrouble: options.onTrouble ?? (() => {}),
  };
}

function planOf({ rakefile, plan, file, course, hosts }: BuildOptions): Plan {
  if ((rakefile === undefined) === (plan === undefined)) throw new TypeError("one of rakefile and plan must be given");
  let found = plan as Plan;
  if (rakefile !== undefined) {
    const options = { ...(file === undefined ? {} : { file }), ...(course === undefined ? {} : { course }) };
    const parsed = parseRakefile(rakefile, options);
    if (parsed.faults.length > 0) throw new RakefileError("RAKEFILE", parsed.message);
    found = parsed.plan;
  }
  return hosts === undefined ? found : { ...found, hosts };
}

/** What the parser refuses too (R4). @throws RangeError for what a local action cannot say of itself */
function checkLocal({ sets }: Plan): void {
  for (const { remote, produces, on, line } of sets.flatMap(({ actions }) => actions)) {
    if (remote || produces.length + on.length === 0) continue;
    throw new RangeError(`line ${line}: produces and on are for remote actions alone`);
  }
}
