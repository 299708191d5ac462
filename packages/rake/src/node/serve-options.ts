/** The options of `serve`: what they are called, and which may stand together (R17, R43). */

import { SANDBOXES, type Sandbox } from "../core/messages.js";
import { kindOf, MAX_MS, oneOf, whole } from "../core/option-checks.js";
import type { ServerMachineOptions } from "../core/server-options.js";
import type { ActionEngine } from "./engine.js";
import { refuseUnknownKeys } from "./known-keys.js";
import type { Logger } from "./logger.js";
import { SERVE_NAMES, SERVER_TLS_NAMES } from "./option-names.js";

/** Certificates of a server, PEM. */
export interface ServerTlsOptions {
  readonly cert: string | Uint8Array;
  readonly key: string | Uint8Array;
  /** Where it is given, clients must show a certificate that one of these signed. */
  readonly ca?: string | Uint8Array;
}

export interface ServeOptions extends Omit<ServerMachineOptions, "secret" | "learned"> {
  /** Where to listen; default 127.0.0.1. Another needs `secret`, or `tls` with `ca` (R17). */
  readonly host?: string;
  /** Default 0: a free one, told by `port`. */
  readonly port?: number;
  /**
   * Where the store and the folders of attempts are; one server at a time uses it. Default: with port 0 a temporary one, removed at the end; else one
   * for the port in `~/.cache/rake`, or in `/var/cache/rake` for root.
   */
  readonly folder?: string;
  /** What clients must know (R16), 16 bytes or more. Default: nothing is asked. */
  readonly secret?: string | Uint8Array;
  /** Speak TLS. Default: plain TCP. */
  readonly tls?: ServerTlsOptions;
  /** Default: bwrap where it works, else rlimit (R43). */
  readonly sandbox?: Sandbox;
  /**
   * How busy all cores of this machine are together, 0 to 100, asked about each second: for whoever measures that already, as for an
   * election. What this server and its actions take of it is taken off (R29). Default: measured here; not with `engine`.
   */
  readonly cpuPercent?: () => number;
  /** What runs the actions (R50); default: processes of this machine. */
  readonly engine?: ActionEngine;
  /** Whom actions run as, where the server is root; default "nobody" (R43). */
  readonly runAs?: string;
  /** Names of the server's environment variables that actions see, besides PATH, LANG and TZ (R41); default none. */
  readonly env?: readonly string[];
  /** Absolute paths that actions may read under bwrap, besides the system and the folders of PATH (R43); default none. */
  readonly readable?: readonly string[];
  /**
   * Attempts that are made ready before they are asked for, each an empty folder and one small process that waits (under bwrap three); default 1,
   * from 0 to 64.
   */
  readonly readyRuns?: number;
  /** Default: silent. */
  readonly logger?: Logger;
  /** How long a connection that was closed may take to read what was sent before; default 1,000 ms. */
  readonly lingerMs?: number;
  /** Bytes that wait for a connection before it counts as full; default 256 KiB. */
  readonly highWaterBytes?: number;
}

/** Options of the driver alone, with their defaults. */
export interface ServeSettings {
  readonly host: string;
  readonly port: number;
  readonly sandbox: Sandbox | undefined;
  readonly cpuPercent: (() => number) | undefined;
  readonly env: readonly string[];
  readonly readable: readonly string[];
  readonly readyRuns: number;
  readonly lingerMs: number;
  readonly highWaterBytes: number;
}

const OWN: Readonly<Record<string, true>> = Object.fromEntries(
  [
    "host",
    "port",
    "folder",
    "tls",
    "runAs",
    "env",
    "readable",
    "engine",
    "cpuPercent",
    "readyRuns",
    "logger",
    "lingerMs",
    "highWaterBytes",
  ].map((name) => [name, true]),
);

/** @throws TypeError or RangeError that names the option, one that does not exist too */
export function resolveServeOptions(options: ServeOptions): ServeSettings {
  refuseUnknownKeys(options, SERVE_NAMES);
  const { host = "127.0.0.1", folder, tls, logger, cpuPercent } = options;
  if (typeof host !== "string" || host === "") throw new TypeError("host must be the name or address to listen on");
  if (folder !== undefined && (typeof folder !== "string" || folder === ""))
    throw new TypeError("folder must be a path");
  if (cpuPercent !== undefined && typeof cpuPercent !== "function") {
    throw new TypeError(`cpuPercent must be a function, not ${kindOf(cpuPercent)}`);
  }
  if (cpuPercent !== undefined && options.engine !== undefined) throw new TypeError("cpuPercent is not for an engine");
  if (tls !== undefined) checkTls(tls);
  if (logger !== undefined) checkLogger(logger);
  return {
    host,
    port: whole("port", options.port, { default: 0, min: 0, max: 65_535 }),
    sandbox: options.sandbox === undefined ? undefined : oneOf("sandbox", options.sandbox, SANDBOXES, "none"),
    cpuPercent,
    env: texts("env", options.env, /^[A-Za-z_][A-Za-z0-9_]*$/, "names of environment variables"),
    readable: texts("readable", options.readable, /^\/[^\0]+$/, "absolute paths"),
    readyRuns: whole("readyRuns", options.readyRuns, { default: 1, min: 0, max: 64 }),
    lingerMs: whole("lingerMs", options.lingerMs, { default: 1_000, min: 0, max: MAX_MS }),
    highWaterBytes: whole("highWaterBytes", options.highWaterBytes, { default: 262_144, min: 1, max: 2 ** 30 }),
  };
}

/** What is the machine's. */
export function machineOptions(options: ServeOptions): ServerMachineOptions {
  const rest = Object.entries(options).filter(([name]) => !Object.hasOwn(OWN, name) && name !== "secret");
  return Object.fromEntries(rest) as ServerMachineOptions;
}

function checkTls(tls: ServerTlsOptions): void {
  if (typeof tls !== "object" || tls === null) throw new TypeError(`tls must be { cert, key }, not ${kindOf(tls)}`);
  refuseUnknownKeys(tls, SERVER_TLS_NAMES);
  for (const name of ["cert", "key", "ca"] as const) {
    const value: unknown = tls[name];
    if (value === undefined && name === "ca") continue;
    if (typeof value !== "string" && !(value instanceof Uint8Array)) throw new TypeError(`tls.${name} must be PEM`);
  }
}

function checkLogger(logger: Logger): void {
  const methods = ["debug", "info", "warn", "error"] as const;
  if (methods.every((name) => typeof (logger as Partial<Logger> | null)?.[name] === "function")) return;
  throw new TypeError(`logger must have the methods ${methods.join(", ")}`);
}

function texts(name: string, value: readonly string[] | undefined, form: RegExp, accepted: string): readonly string[] {
  if (value === undefined) return [];
  if (Array.isArray(value) && value.every((one) => typeof one === "string" && form.test(one))) return value;
  throw new TypeError(`${name} must be ${accepted}`);
}
