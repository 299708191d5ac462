/** How a run is told to a client of v1: one answer, by its status (docs/rake.md R9). */

import type { Dialect } from "./first-bytes.js";
import { MAX_BODY_BYTES } from "./message-limits.js";
import type { RunEnd } from "./messages.js";
import type { Pins } from "./pins.js";
import type { Run } from "./run.js";
import type { RunOrder, RunOwner } from "./run-owner.js";
import type { ServerContext } from "./server-context.js";
import type { FoundOutput, StreamName } from "./server-contract.js";
import type { Slot } from "./slots.js";
import { encodeV1, v1NameFault } from "./v1-codec.js";

export interface V1Client {
  readonly connection: number;
  readonly maxFileBytes: number;
  isFull(): boolean;
  send(bytes: Uint8Array): void;
  /** All of it was sent, or cannot be. */
  answered(why: string): void;
}

/** The status of a run that was ended by a time-out, as timeout(1) has it, and by anything else of the server's. */
const TIMED_OUT_STATUS = 124;
const FAILED_STATUS = 125;
const SIGNAL_STATUS = 128;
/** Up to it a status is told with stderr, above with stdout. */
const LAST_OF_STDERR = 4;

const encoder = new TextEncoder();

export class V1Run implements RunOwner {
  readonly #context: ServerContext;
  readonly #dialect: Dialect;
  readonly #kind: string;
  readonly #client: V1Client;
  /** What was printed, up to `maxV1StringBytes` each: which one is told, the status says. */
  readonly #kept: Record<StreamName, Uint8Array[]> = { stdout: [], stderr: [] };
  readonly #keptBytes: Record<StreamName, number> = { stdout: 0, stderr: 0 };
  #run: Run | undefined;
  #slot: Slot | undefined;
  #pins: Pins | undefined;

  constructor(context: ServerContext, dialect: Dialect, kind: string, client: V1Client) {
    this.#context = context;
    this.#dialect = dialect;
    this.#kind = kind;
    this.#client = client;
  }

  start(order: RunOrder, slot: Slot, pins: Pins): void {
    this.#slot = slot;
    this.#pins = pins;
    this.#run = this.#context.runs.start(this.#context, order, this, slot, pins);
  }

  drained(): void {
    this.#run?.pump();
  }

  abandon(): void {
    this.#run?.abandon();
  }

  /** Streams are kept, not sent: a connection that is full holds the output up alone, whose pieces come one at a time. */
  room(): number {
    return this.#client.isFull() ? 0 : 2 * MAX_BODY_BYTES;
  }

  started(_now: number): void {
    const { connection } = this.#client;
    const { command } = this.#run?.order.job ?? { command: "" };
    this.#context.out.event({ type: "started", connection, run: this.#run?.id ?? 0, command });
  }

  /** v1 has no way to ask for it again. */
  inputsGone(_gone: readonly string[], now: number): void {
    this.#pins?.release();
    if (this.#slot !== undefined) this.#context.slots.free(this.#slot, now);
    this.#client.answered("a file is gone from the store");
  }

  printed(stream: StreamName, _offset: number, bytes: Uint8Array): void {
    const room = this.#context.settings.maxV1StringBytes - this.#keptBytes[stream];
    if (room <= 0) return;
    const kept = bytes.slice(0, room);
    this.#kept[stream].push(kept);
    this.#keptBytes[stream] += kept.length;
  }

  status(end: RunEnd, outputs: readonly FoundOutput[]): void {
    const { durations, out, settings } = this.#context;
    out.event({ type: "ended", connection: this.#client.connection, run: this.#run?.id ?? 0, end });
    const status = statusOf(end);
    if (status > 0) return this.#sendStream(status, end.text);
    durations.learn(this.#kind, (end.wallMicros / 1_000) * (settings.speed / 1_000));
    const output = outputs[0];
    if (output === undefined) return this.#client.send(encodeV1(this.#dialect, { type: "NO_OUTPUT" }));
    const name = output.path.slice(output.path.lastIndexOf("/") + 1);
    const { size } = output;
    if (v1NameFault(name) !== undefined || size > this.#client.maxFileBytes) {
      return this.#sendStream(FAILED_STATUS, `v1 cannot carry the output "${name}" of ${size} bytes`);
    }
    this.#client.send(encodeV1(this.#dialect, { type: "RETURN_STATUS" }));
    this.#client.send(encodeV1(this.#dialect, { type: "RETURN_FILE", name, size }));
  }

  output(_output: FoundOutput, _offset: number, bytes: Uint8Array): void {
    if (bytes.length > 0) this.#client.send(bytes);
  }

  unreadable(message: string): void {
    this.#client.answered(message);
  }

  removed(): void {
    this.#client.answered("answered");
  }

  #sendStream(status: number, text: string): void {
    const stream = status <= LAST_OF_STDERR ? "stderr" : "stdout";
    const words = text === "" ? [] : [encoder.encode(`${text}\n`)];
    const pieces = [...this.#kept[stream], ...words];
    const size = pieces.reduce((bytes, piece) => bytes + piece.length, 0);
    const type = stream === "stderr" ? "RETURN_STDERR" : "RETURN_STDOUT";
    this.#client.send(encodeV1(this.#dialect, { type, status, size }));
    for (const piece of pieces) this.#client.send(piece);
  }
}

/** 0 is a success; a death by a signal is 128 and its number. */
function statusOf({ end, code }: RunEnd): number {
  if (end === "EXITED") return code;
  if (end === "SIGNALLED") return SIGNAL_STATUS + code;
  return end === "TIMED_OUT" ? TIMED_OUT_STATUS : FAILED_STATUS;
}
