/** Bugs in how a server writes and reads (`mutants.ts`). */
import { FrameDecoder } from "@lab/framing/core";
import type { NodeOutput } from "@lab/simnet";
import type { ServerInput } from "../../src/core/index.js";
import { ServerProgram } from "./server-program.js";

/** Every write to every member is a worker's, and workers take their time. */
export class WorkerPool extends ServerProgram {
  protected override sendAll(now: number, connections: readonly number[], bytes: Uint8Array, out: NodeOutput[]): void {
    for (const connection of connections) {
      const [ms = 0] = this.environment.randomBytes(1);
      this.inAWhile(ms % 8, (_, later) => this.send(now, -connection, bytes, later), out);
    }
  }
}

/** Each message is handled when its thread comes to it. */
export class ThreadPerMessage extends ServerProgram {
  readonly #decoders = new Map<number, FrameDecoder>();

  protected override received(now: number, id: number, bytes: Uint8Array, out: NodeOutput[]): void {
    let decoder = this.#decoders.get(id);
    if (decoder === undefined) {
      decoder = new FrameDecoder({ copy: true });
      this.#decoders.set(id, decoder);
    }
    let payloads: Uint8Array[];
    try {
      payloads = decoder.push(bytes);
    } catch {
      return super.received(now, id, bytes, out);
    }
    for (const payload of payloads) {
      const frame = Buffer.concat([new Uint8Array(8), payload]);
      frame.writeBigUInt64BE(BigInt(payload.length));
      const [ms = 0] = this.environment.randomBytes(1);
      const handle = (then: number, later: NodeOutput[]): void => super.received(then, id, frame, later);
      this.inAWhile(payload[0] === 3 ? ms % 8 : 0, handle, out);
    }
  }
}

/** One queue for all: while one of them does not take what it is sent, nobody is sent anything. */
export class SharedQueue extends ServerProgram {
  #queue: (readonly [number, Uint8Array | undefined])[] = [];
  readonly #connections = new Set<number>();

  protected override send(_now: number, id: number, bytes: Uint8Array, out: NodeOutput[]): void {
    this.#queue.push([id, bytes]);
    this.#flush(out);
  }

  protected override close(id: number, out: NodeOutput[]): void {
    this.#queue.push([id, undefined]);
    this.#flush(out);
  }

  protected override feed(now: number, input: ServerInput, out: NodeOutput[]): void {
    if ("connection" in input) this.#connections.add(-input.connection);
    super.feed(now, input, out);
    this.#flush(out);
  }

  #flush(out: NodeOutput[]): void {
    while (this.#queue.length > 0 && ![...this.#connections].some((id) => this.isFull(id))) {
      const [id, bytes] = this.#queue.shift() as readonly [number, Uint8Array | undefined];
      if (bytes === undefined) super.close(id, out);
      else this.write(id, bytes, out);
    }
  }
}
