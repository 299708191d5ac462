/** A connection of wire v1 to a server: one quote, or one action (docs/rake.md R9 to R11). */

import { allowedWords, refusalText } from "./allow.js";
import { RemoteProtocolError } from "./errors.js";
import type { Dialect } from "./first-bytes.js";
import { kindOf } from "./kind.js";
import { Pins } from "./pins.js";
import { priceOf } from "./price.js";
import type { RunOrder } from "./run-owner.js";
import type { ServerContext, Session } from "./server-context.js";
import { jobLimits } from "./server-facts.js";
import type { Slot } from "./slots.js";
import { encodeV1, maxInteger, V1Decoder } from "./v1-codec.js";
import { V1Inputs } from "./v1-inputs.js";
import type { V1Event } from "./v1-messages.js";
import { V1Run } from "./v1-run.js";

export class V1Session implements Session {
  readonly #context: ServerContext;
  readonly #connection: number;
  readonly #dialect: Dialect;
  readonly #decoder: V1Decoder;
  readonly #inputs: V1Inputs;
  readonly #pins: Pins;
  readonly #ready = (now: number): void => this.#start(now);
  #command: string | undefined;
  #isWaiting = false;
  #run: V1Run | undefined;
  #isFull = false;
  #isClosed = false;
  /** When it last brought or took anything. */
  #movedAt: number;

  constructor(context: ServerContext, connection: number, dialect: Dialect, now: number) {
    const { maxBlobBytes, maxV1StringBytes } = context.settings;
    this.#context = context;
    this.#connection = connection;
    this.#dialect = dialect;
    this.#movedAt = now;
    this.#pins = new Pins(context.store);
    this.#decoder = new V1Decoder(dialect, "client", { maxFileBytes: maxBlobBytes, maxStringBytes: maxV1StringBytes });
    this.#inputs = new V1Inputs(context, connection, this.#pins, {
      moved: (at) => {
        this.#movedAt = at;
      },
      stored: (at) => this.#stored(at),
      refused: (why) => this.#close(why),
    });
  }

  data(bytes: Uint8Array, now: number): void {
    this.#movedAt = now;
    try {
      for (const event of this.#decoder.read(bytes)) {
        this.#take(event, now);
        if (this.#isClosed) return;
      }
    } catch (error) {
      if (!(error instanceof RemoteProtocolError)) throw error;
      this.#close(error.message);
    }
  }

  full(isFull: boolean, now: number): void {
    this.#isFull = isFull;
    this.#movedAt = now;
    if (!isFull) this.#run?.drained();
  }

  gone(): void {
    this.#end("the peer is gone");
  }

  shutdown(): void {
    this.#close("the server ends");
  }

  tick(now: number): void {
    if (now >= this.deadline()) this.#close("idle");
  }

  /** While it waits for a slot, or for its command, it is not idle. */
  deadline(): number {
    const isServed = this.#isWaiting || (this.#run !== undefined && !this.#isFull);
    return isServed ? Number.POSITIVE_INFINITY : this.#movedAt + this.#context.settings.v1IdleMs;
  }

  #take(event: V1Event, now: number): void {
    switch (event.type) {
      case "QUOTE_REQUEST":
        this.#send(encodeV1(this.#dialect, { type: "QUOTE_REPLY", cost: this.#cost(now) }));
        return this.#close("quoted");
      case "BIN_FILE":
      case "SEND_FILE":
        return this.#inputs.begin(event.name, event.size);
      case "BODY":
        return this.#inputs.write(event.bytes);
      case "BODY_END":
        return this.#inputs.end();
      case "EXECUTE":
        this.#command = event.command;
        return this.#enqueue(now);
      default: // the decoder gives what a client may say alone
    }
  }

  /** Of a command that is not known yet, without files, on the slot that is free next. */
  #cost(now: number): number {
    const { slots, settings, busyCores } = this.#context;
    const { speed, cores, unknownWorkMs, unknownBandwidth } = settings;
    const load = busyCores + slots.running + slots.reserved;
    const factors = { queueMs: slots.freeIn(now), workMs: unknownWorkMs, speed, cores, load };
    return priceOf({ ...factors, missingBytes: 0, bytesPerSecond: unknownBandwidth, chargeMs: 0 }).costMs;
  }

  #stored(now: number): void {
    this.#movedAt = now;
    this.#send(encodeV1(this.#dialect, { type: "ACK" }));
    this.#enqueue(now);
  }

  /** Waits for a slot, once the command and every file before it are there. */
  #enqueue(now: number): void {
    const { slots, settings } = this.#context;
    if (this.#command === undefined || this.#inputs.areStoring || this.#isWaiting || this.#run !== undefined) return;
    if (settings.allow !== undefined && allowedWords(settings.allow, this.#command) === undefined) {
      return this.#close(refusalText(settings.allow, this.#command));
    }
    if (slots.running + slots.reserved < slots.total) return this.#start(now);
    if (slots.waiting >= settings.maxV1Waiting) return this.#close("too many wait for a slot");
    this.#isWaiting = true;
    slots.wait(this.#ready);
  }

  #start(now: number): void {
    const { settings, slots, durations } = this.#context;
    this.#isWaiting = false;
    const command = this.#command ?? "";
    const inputs = this.#inputs.placed;
    const kind = kindOf(
      command,
      inputs.map(({ path }) => path),
    );
    const workMs = durations.workMs(kind) ?? settings.unknownWorkMs;
    const slot = slots.reserve(now) as Slot; // one is free: it was told so
    slots.turn(slot, true, now + workMs / (settings.speed / 1_000));
    const words = settings.allow === undefined ? undefined : allowedWords(settings.allow, command);
    const job = { command, inputs, limits: jobLimits(settings), ...(words === undefined ? undefined : { words }) };
    const order: RunOrder = { job, wanted: [], newestOnly: true, timeoutMs: settings.maxActionMs };
    this.#run = new V1Run(this.#context, this.#dialect, kind, {
      connection: this.#connection,
      isFull: () => this.#isFull,
      send: (bytes) => this.#send(bytes),
      answered: (why) => this.#close(why),
      maxFileBytes: maxInteger(this.#dialect),
    });
    this.#run.start(order, slot, this.#pins);
  }

  #send(bytes: Uint8Array): void {
    if (!this.#isClosed) this.#context.out.push({ type: "send", connection: this.#connection, bytes });
  }

  #close(why: string): void {
    if (this.#isClosed) return;
    this.#context.out.push({ type: "close", connection: this.#connection, why });
    this.#end(why);
  }

  #end(why: string): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#context.slots.waitNoMore(this.#ready);
    this.#inputs.drop();
    if (this.#run === undefined) this.#pins.release();
    else this.#run.abandon();
    this.#context.out.event({ type: "closed", connection: this.#connection, code: "", why });
    this.#context.closed(this.#connection);
  }
}
