/** What a client of v1 asks of a server (R9): what an action costs, and to run it. */
import { createHash } from "node:crypto";
import { constants } from "node:fs";
import { open } from "node:fs/promises";
import type { Dialect } from "../core/first-bytes.js";
import { isText, maxInteger } from "../core/v1-codec.js";
import type { AttemptFolder } from "./attempt-folder.js";
import { PIECE_BYTES, readAt } from "./pieces.js";
import { LateError, type V1Connection } from "./v1-connection.js";

/** An input here, and its name there. */
export interface V1Input {
  readonly place: string;
  readonly name: string;
}

export interface V1Answer {
  readonly status: number;
  /** What it printed, where it failed. */
  readonly printed?: { readonly stream: "stdout" | "stderr"; readonly bytes: Uint8Array };
  /** The name of the output that stands in the attempt's folder. */
  readonly output?: string;
}

/** The command was not answered in the time that it had. */
export class RanTooLong extends Error {}

/** Ends the connection. @throws Error in words where there is no answer */
export async function quote(connection: V1Connection): Promise<number> {
  try {
    await connection.connected();
    await connection.say({ type: "QUOTE_REQUEST" });
    const answer = await connection.next();
    if (answer.type !== "QUOTE_REPLY") throw new Error(`it answered a quote by ${answer.type}`);
    connection.finish();
    return answer.cost;
  } finally {
    await connection.close();
  }
}

/** Sends an input. Resolves with what was sent. @throws Error in words where it is not taken, or is not what it was */
export async function sendInput(
  connection: V1Connection,
  input: V1Input,
  dialect: Dialect,
): Promise<{ readonly digest: string; readonly size: number }> {
  const file = await open(input.place, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const { size } = await file.stat();
    const { name } = input;
    if (size > maxInteger(dialect)) throw new Error(`${name} is larger than ${dialect} can say`);
    const hash = createHash("sha256");
    let piece = await readAt(file, 0, PIECE_BYTES);
    const isAll = piece.length >= size;
    await connection.say({ type: isText(piece, isAll) ? "SEND_FILE" : "BIN_FILE", name, size });
    let sent = 0;
    while (sent < size) {
      // Never more than was announced; and fewer would leave the server waiting.
      const bytes = piece.subarray(0, size - sent);
      if (bytes.length === 0) throw new Error(`${name} has changed while it was sent`);
      hash.update(bytes);
      await connection.send(bytes);
      sent += bytes.length;
      if (sent < size) piece = await readAt(file, sent, PIECE_BYTES);
    }
    const answer = await connection.next();
    if (answer.type !== "ACK") throw new Error(`it answered a file by ${answer.type}`);
    return { digest: hash.digest("hex"), size };
  } finally {
    await file.close();
  }
}

/** What an output that comes back may wait in memory for being written. */
export interface Backlog {
  /** So many bytes more. */
  arrived(bytes: number): void;
  /** Resolves when little is left. @throws where it cannot be written */
  room(): Promise<void>;
}

/**
 * Resolves with the whole answer.
 * @throws RanTooLong, or Error in words where it does not come whole,
 * which never is a success
 */
export async function answerOf(
  connection: V1Connection,
  withinMs: number,
  folder: AttemptFolder,
  backlog: Backlog,
): Promise<V1Answer> {
  const first = await connection.next(withinMs).catch((error: unknown) => {
    throw error instanceof LateError ? new RanTooLong(error.message) : error;
  });
  switch (first.type) {
    case "NO_OUTPUT":
      connection.finish();
      return { status: 0 };
    case "RETURN_STDOUT":
    case "RETURN_STDERR": {
      const pieces: Uint8Array[] = [];
      for (let event = await connection.next(); event.type !== "BODY_END"; event = await connection.next()) {
        if (event.type === "BODY") pieces.push(event.bytes);
      }
      connection.finish();
      const stream = first.type === "RETURN_STDOUT" ? "stdout" : "stderr";
      return { status: first.status, printed: { stream, bytes: Buffer.concat(pieces) } };
    }
    case "RETURN_STATUS": {
      const file = await connection.next();
      if (file.type !== "RETURN_FILE") throw new Error(`${file.type} where a file was to come`);
      await takeFile(connection, file.name, file.size, folder, backlog);
      connection.finish();
      return { status: 0, output: file.name };
    }
    default:
      throw new Error(`it answered a command by ${first.type}`);
  }
}

async function takeFile(
  connection: V1Connection,
  name: string,
  size: number,
  folder: AttemptFolder,
  backlog: Backlog,
): Promise<void> {
  let isOpen = false;
  for (let event = await connection.next(); ; event = await connection.next()) {
    const bytes = event.type === "BODY" ? event.bytes : new Uint8Array(0);
    if (!isOpen) folder.open(name, modeOf(bytes), size);
    isOpen = true;
    if (event.type === "BODY_END") break;
    backlog.arrived(bytes.length);
    folder.write(name, bytes);
    await backlog.room();
  }
  folder.end(name);
}

/** v1 carries no modes: what is a program by its first bytes may be run. */
function modeOf(start: Uint8Array): number {
  const isProgram = (start[0] === 0x23 && start[1] === 0x21) || Buffer.from(start.subarray(0, 4)).equals(ELF);
  return (isProgram ? 0o777 : 0o666) & ~process.umask();
}

const ELF = Buffer.from([0x7f, 0x45, 0x4c, 0x46]);
