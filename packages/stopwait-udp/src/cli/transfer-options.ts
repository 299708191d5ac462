/** What `get` and `put` share: which server, how to talk to it, and what a signal does. */
import type { Command } from "commander";
import { DEFAULT_PORT } from "../core/ports.js";
import type { TransferOptions } from "../node/transfer-options.js";
import { Interruption, usageError } from "./exit-codes.js";
import { wholeNumber } from "./numbers.js";
import { readSecret } from "./secret-file.js";

const V1_TIMER_MS = 5_000;

export interface TransferFlags {
  readonly resume?: true;
  readonly overwrite?: true;
  readonly window?: number;
  readonly block?: number;
  readonly v1?: true;
  readonly secretFile?: string;
  readonly timeoutMs?: number;
  readonly trace?: string;
  readonly traceEvents?: number;
  readonly json?: true;
  readonly quiet?: true;
}

/** How `HOST[:PORT]` reads in the help of a command. */
export const SERVER_HELP: string = `HOST[:PORT] of the server; [::1]:${DEFAULT_PORT} for IPv6 (port ${DEFAULT_PORT} unless given)`;

/** Adds the options of transfers to a command. */
export function addTransferOptions(command: Command): Command {
  return command
    .option("-r, --resume", "go on where an earlier transfer of this file was cut off")
    .option("-f, --overwrite", "replace a file that has the name already")
    .option("-w, --window <blocks>", "blocks under way at once (default: 1)", wholeNumber(1, 32))
    .option("-b, --block <bytes>", "file bytes per packet (default: 1376; 65000 on loopback)", wholeNumber(1, 65_000))
    .option("--v1", "speak the format of the course: blocks of 100 bytes, no checksums, no resume")
    .option("--secret-file <file>", "the secret of a server that wants one for writing")
    .option(
      "--timeout-ms <ms>",
      "give up so long after the last progress (default: 30000; with --v1 in steps of 5000, its fixed timer)",
      wholeNumber(1, 2 ** 31 - 1),
    )
    .option("--trace <svg>", "draw the first exchanges as a sequence diagram")
    .option("--trace-events <n>", "how many packets are drawn (default: 60)", wholeNumber(1, 10_000))
    .option("--json", "print what was transferred as one line of JSON")
    .option("-q, --quiet", "no progress bar, no statistics");
}

/** What a command line asks for, as options of a transfer. @throws StopwaitError `USAGE` for what does not go together */
export function transferOptions(server: string, flags: TransferFlags): TransferOptions & { readonly host: string } {
  const { v1, window, block, resume, secretFile, timeoutMs } = flags;
  const ofVersion2 = {
    "--window": window,
    "--block": block,
    "--resume": resume,
    "--secret-file": secretFile,
  };
  for (const [name, given] of Object.entries(ofVersion2)) {
    if (v1 && given !== undefined) throw usageError(`${name} does not go with --v1: version 1 has no such thing`);
  }
  const address = serverAddress(server);
  if (flags.traceEvents !== undefined && flags.trace === undefined)
    throw usageError("--trace-events goes with --trace");
  if (v1) {
    const retransmissions = timeoutMs === undefined ? undefined : retransmissionsIn(timeoutMs);
    return { ...address, version: 1, retransmissions };
  }
  return { ...address, window, blockBytes: block, resume, giveUpMs: timeoutMs, secret: readSecret(secretFile) };
}

/** How often version 1, whose timer is fixed, sends a packet again within a time. */
function retransmissionsIn(ms: number): number {
  return Math.min(Math.max(Math.ceil(ms / V1_TIMER_MS) - 1, 0), 1_000);
}

/** Host and port out of `HOST`, `HOST:PORT`, `[V6]`, `[V6]:PORT`. */
export function serverAddress(text: string): { readonly host: string; readonly port: number } {
  const match = /^(?:\[([0-9A-Fa-f:.%\w]+)\]|([^\s:[\]/]+))(?::(\d{1,5}))?$/.exec(text);
  const host = match?.[1] ?? match?.[2];
  const port = Number(match?.[3] ?? DEFAULT_PORT);
  if (host !== undefined && port >= 1 && port <= 65_535) return { host, port };
  throw usageError(`${JSON.stringify(text)} is no server: HOST or HOST:PORT is accepted, the port from 1 to 65535`);
}

/** Does something that SIGINT and SIGTERM stop in good order. */
export async function interruptible<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  const interrupted = (): void => controller.abort(new Interruption("SIGINT"));
  const terminated = (): void => controller.abort(new Interruption("SIGTERM"));
  process.once("SIGINT", interrupted).once("SIGTERM", terminated); // a second one ends the process at once
  try {
    return await work(controller.signal);
  } finally {
    process.off("SIGINT", interrupted).off("SIGTERM", terminated);
  }
}
