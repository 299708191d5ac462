/** What the commands that ask a server share: which one, which room, and how it is known to be the right one. */
import { type Command, InvalidArgumentError } from "commander";
import { MAX_NAME_BYTES, MAX_ROOM_BYTES, textFault } from "../core/text-rules.js";
import type { JoinOptions } from "../node/client.js";
import { DEFAULT_ADDRESS, serverAddress } from "./addresses.js";
import { usageError } from "./exit-codes.js";
import { readNamed, readSecret } from "./files.js";

export interface ClientFlags {
  readonly address: string;
  readonly room: string;
  readonly secretFile?: string;
  readonly tls?: true;
  readonly tlsCa?: string;
}

/** Adds the options that reach a room to a command. */
export function addClientOptions(command: Command): Command {
  return command
    .option("--address <host:port>", "where the server listens", serverAddress, DEFAULT_ADDRESS)
    .option("--room <room>", "which of its rooms", roomName, "main")
    .option("--secret-file <file>", "the secret that the server asks for")
    .option("--tls", "speak TLS, and trust what this machine trusts")
    .option("--tls-ca <file>", "speak TLS, and trust these certificates (PEM)");
}

export function clientOptions(flags: ClientFlags): Pick<JoinOptions, "address" | "room" | "secret" | "tls"> {
  const { address, room, secretFile, tls, tlsCa } = flags;
  const secret = readSecret(secretFile);
  const ca = tlsCa === undefined ? undefined : readNamed("--tls-ca", tlsCa);
  return {
    address,
    room,
    ...(secret !== undefined && { secret }),
    ...(ca === undefined ? tls === true && { tls } : { tls: { ca } }),
  };
}

/** Where a reader begins. */
export interface StartFlags {
  readonly all?: true;
  readonly from?: number;
}

/** The first entry that is asked for; without flags what comes from now on. */
export function startOptions({ all, from }: StartFlags): Pick<JoinOptions, "start" | "from"> {
  if (all === true) return { start: "all" };
  return from === undefined ? {} : { start: "from", from };
}

/** @throws BroadcastError `USAGE` for two places to begin with */
export function checkStart({ all, from }: StartFlags): void {
  if (all === true && from !== undefined) throw usageError("--all and --from are two places to begin: give one");
}

function checkedText(maxBytes: number, what = "It"): (text: string) => string {
  return (text) => {
    const fault = textFault(text, 1, maxBytes);
    if (fault === undefined) return text;
    throw new InvalidArgumentError(`${what} ${fault}.`);
  };
}

export const roomName: (text: string) => string = checkedText(MAX_ROOM_BYTES);
export const memberName: (text: string) => string = checkedText(MAX_NAME_BYTES);

const listedRoom = checkedText(MAX_ROOM_BYTES, "Each name between the commas");

/** `a,b,c`, or the option several times. */
export function roomList(text: string, previous: readonly string[] = []): readonly string[] {
  return [...previous, ...text.split(",").map(listedRoom)];
}
