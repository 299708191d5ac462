/** What all client commands share: which server, how to talk to it, how to print. */
import { readFileSync } from "node:fs";
import type { Command } from "commander";
import { HftpClient } from "../node/client.js";
import type { ConnectionOptions } from "../node/connection.js";
import { usageError } from "./exit-codes.js";
import { wholeNumber } from "./numbers.js";

export interface ConnectionFlags {
  readonly tls?: true;
  readonly ca?: string;
  readonly timeoutMs?: number;
  readonly json?: true;
}

/** How `HOST[:PORT]` reads in the help of a command. */
export const SERVER_HELP = "HOST[:PORT] of the server; [::1]:19500 for IPv6 (port 19500 unless given)";

/** Adds the options of connections to a command. */
export function addConnectionOptions(command: Command): Command {
  return command
    .option("--tls", "speak TLS, and verify the server's certificate and name")
    .option("--ca <file>", "trust these certificates (PEM) instead of the system's; implies --tls")
    .option(
      "--timeout-ms <ms>",
      "give up on a server that is silent for so long (default: 10000 for the first answer, then 30000)",
      wholeNumber(1, 2 ** 31 - 1),
    )
    .option("--json", "print one JSON object per result, and errors as JSON on standard error");
}

/** Options of a connection out of HOST[:PORT] and flags. */
export function connectionOptions(server: string, flags: ConnectionFlags): ConnectionOptions {
  const { timeoutMs } = flags;
  const timeouts = timeoutMs === undefined ? {} : { connectTimeoutMs: timeoutMs, replyTimeoutMs: timeoutMs };
  const ca = flags.ca === undefined ? {} : { ca: readCertificates(flags.ca) };
  return { ...serverAddress(server), ...timeouts, ...ca, tls: flags.tls === true || flags.ca !== undefined };
}

/** Connects as the flags say. */
export async function connect(server: string, flags: ConnectionFlags): Promise<HftpClient> {
  return await HftpClient.connect(connectionOptions(server, flags));
}

/** Host and port out of `HOST`, `HOST:PORT`, `[V6]`, `[V6]:PORT`. */
export function serverAddress(text: string): { readonly host: string; readonly port: number } {
  const match = /^(?:\[([0-9A-Fa-f:.%\w]+)\]|([^\s:[\]/]+))(?::(\d{1,5}))?$/.exec(text);
  const host = match?.[1] ?? match?.[2];
  const port = Number(match?.[3] ?? 19_500);
  if (host !== undefined && port >= 1 && port <= 65_535) return { host, port };
  throw usageError(`${JSON.stringify(text)} is no server: HOST or HOST:PORT is accepted, the port from 1 to 65535`);
}

function readCertificates(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    throw usageError(`--ca: cannot read ${file}: ${(error as Error).message}`, error);
  }
}
