/** One attempt of an action at a server of v1: its inputs up, its command, its answer (R9). */
import { basename, join } from "node:path";
import type { Action } from "../core/plan.js";
import { AttemptFolder } from "./attempt-folder.js";
import { type V1Bounds, V1Connection } from "./v1-connection.js";
import { answerOf, RanTooLong, sendInput, type V1Answer } from "./v1-exchange.js";
import type { V1Host } from "./v1-hosts.js";

/** Of an output, in memory. */
const MAX_UNWRITTEN_BYTES = 1_048_576;

export interface V1AttemptOptions {
  readonly action: Action;
  readonly host: V1Host;
  readonly root: string;
  /** Of the attempt. */
  readonly folder: string;
  readonly bounds: V1Bounds;
  readonly maxRunMs: number;
  readonly signal: AbortSignal;
  /** All inputs are there, and the command was sent. */
  readonly started: (sentBytes: number) => void;
}

export interface V1Outcome extends V1Answer {
  /** The command took longer than the action may. */
  readonly isTimedOut?: boolean;
  readonly folder: AttemptFolder;
  readonly bytes: number;
}

/** Resolves with a whole answer alone. @throws Error in words where there is none: the host counts as lost */
export async function attemptAt(options: V1AttemptOptions): Promise<V1Outcome> {
  const { action, host, root, bounds, signal, started, maxRunMs } = options;
  const incoming = new Incoming(options.folder);
  const { folder } = incoming;
  const connection = new V1Connection(host.address, bounds, signal);
  try {
    await connection.connected();
    const digests = new Map<string, string>();
    let sentBytes = 0;
    for (const path of new Set(action.requires)) {
      const name = basename(path);
      const sent = await sendInput(connection, { place: join(root, path), name }, bounds.dialect);
      digests.set(name, sent.digest);
      sentBytes += sent.size;
    }
    await connection.say({ type: "EXECUTE", command: action.command });
    started(sentBytes);
    const answer = await answerOf(connection, maxRunMs, folder, incoming);
    if (answer.output === undefined) return { ...answer, folder, bytes: 0 };
    const digest = await incoming.done;
    const bytes = folder.written.get(answer.output)?.size ?? 0;
    // Servers of others take the newest file for the output, which may be an input: that one is here already.
    if (digests.get(answer.output) === digest) return { status: 0, folder, bytes: 0 };
    return { ...answer, folder, bytes };
  } catch (error) {
    if (error instanceof RanTooLong && action.timeoutMs !== undefined) {
      return { status: 0, isTimedOut: true, folder, bytes: 0 };
    }
    await folder.discard();
    throw error;
  } finally {
    await connection.close();
  }
}

/** The one output that comes back. */
class Incoming {
  readonly folder: AttemptFolder;
  /** Its digest, when it is whole. */
  readonly done: Promise<string>;
  #unwritten = 0;
  #wake: (() => void) | undefined;
  #error: Error | undefined;

  constructor(place: string) {
    let whole: (digest: string) => void = () => {};
    let broken: (error: Error) => void = () => {};
    this.done = new Promise((resolve, reject) => {
      whole = resolve;
      broken = reject;
    });
    this.done.catch(() => {});
    this.folder = new AttemptFolder(place, {
      took: (bytes) => {
        this.#unwritten -= bytes;
        this.#wake?.();
      },
      written: (_path, digest) => whole(digest),
      failed: (path, message) => {
        this.#error = new Error(`${path} cannot be written: ${message}`);
        broken(this.#error);
        this.#wake?.();
      },
    });
  }

  /** Counts what was handed on for being written. */
  arrived(bytes: number): void {
    this.#unwritten += bytes;
  }

  async room(): Promise<void> {
    while (this.#unwritten > MAX_UNWRITTEN_BYTES && this.#error === undefined) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    if (this.#error !== undefined) throw this.#error;
  }
}
