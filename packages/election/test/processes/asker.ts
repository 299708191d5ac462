/** Asks a node whether it leads, all the time, and writes to the shared resource while it says so. */
import { openSync, writeSync } from "node:fs";
import { connect, type Socket } from "node:net";
import type { Elector } from "../../src/core/index.js";

/** Between two questions. */
export const ASK_MS = 5;

const FREEZE_SEEN_MS = 100;
const FREEZE_TIMEOUT_MS = 2_000;

export interface AskerOptions {
  readonly id: string;
  /** File to append answers to: `sample NS ID TOKEN true|false`; without it nobody asks. */
  readonly samples?: string;
  /** `HOST:PORT` of a `resource.ts`. */
  readonly resource?: string;
}

export class Asker {
  readonly #elector: Pick<Elector, "isLeader" | "token">;
  readonly #id: string;
  readonly #file: number | undefined;
  readonly #resource: Socket | undefined;

  constructor(elector: Pick<Elector, "isLeader" | "token">, { id, samples, resource }: AskerOptions) {
    this.#elector = elector;
    this.#id = id;
    if (samples === undefined) return;
    this.#file = openSync(samples, "a");
    this.#resource = resource === undefined ? undefined : dial(resource);
    setInterval(() => this.ask(), ASK_MS);
    process.on("SIGCONT", () => this.ask()); // a thaw: not only when the next interval is over
  }

  /**
   * Asks, and appends the answer. The clock is read before: where the process is stopped in between, an answer of true
   * is one of before as well, since nothing else ran; read after it, it would be told of a later moment.
   */
  ask(): boolean {
    const ns = process.hrtime.bigint();
    const answer = this.#elector.isLeader();
    const token = answer ? this.#elector.token() : undefined;
    const shown = token === undefined ? "-" : `${token.epoch}:${token.id}`;
    if (this.#file !== undefined) writeSync(this.#file, `sample ${ns} ${this.#id} ${shown} ${answer}\n`);
    if (token !== undefined) this.#resource?.write(`${shown}\n`);
    return answer;
  }

  /** Stops this process until somebody continues it. @returns the first answer after that, asked before anything else */
  freeze(): { readonly first: boolean; readonly frozenMs: number } {
    const began = process.hrtime.bigint();
    process.kill(process.pid, "SIGSTOP");
    // The signal may take a moment to stop this thread: it asks on until it sees that it was stopped.
    for (let last = began; ; ) {
      const now = process.hrtime.bigint();
      const first = this.ask();
      const frozenMs = Number(now - last) / 1e6;
      if (frozenMs >= FREEZE_SEEN_MS) return { first, frozenMs };
      if (Number(now - began) / 1e6 > FREEZE_TIMEOUT_MS) throw new Error("SIGSTOP did not stop the process");
      last = now;
    }
  }
}

function dial(address: string): Socket {
  const at = address.lastIndexOf(":");
  const socket = connect({ host: address.slice(0, at), port: Number(address.slice(at + 1)) });
  socket.setNoDelay(true).unref();
  socket.on("error", () => {}); // the resource logs what it accepted; what did not reach it does not count
  socket.resume();
  return socket;
}
