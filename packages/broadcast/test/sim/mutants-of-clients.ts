/** Bugs in one rule of a client (`mutants.ts`). */
import { FrameDecoder } from "@lab/framing/core";
import {
  type ClientInput,
  ClientMachine,
  type ClientMachineOptions,
  type ClientOutput,
  decode,
  encode,
  type Message,
  type Platform,
} from "../../src/core/index.js";

/** A client that says another thing. */
abstract class RewritingClient extends ClientMachine {
  protected abstract says(message: Message): Message;

  override handle(now: number, input: ClientInput): ClientOutput[] {
    return super.handle(now, input).map((output) => {
      if (output.type !== "send") return output;
      const frames = framesIn(output.bytes).map((payload) => encode(this.says(decode(payload, "client"))));
      return { ...output, bytes: Buffer.concat(frames) };
    });
  }
}

/** Comes back as if it had never been there. */
export class AsksForNothing extends RewritingClient {
  readonly #hasSecret: boolean;

  constructor(options: ClientMachineOptions, platform: Platform) {
    super(options, platform);
    this.#hasSecret = options.secret !== undefined; // its mac would be another's
  }

  protected override says(message: Message): Message {
    if (message.type !== "hello" || this.#hasSecret || message.epoch === 0) return message;
    return { ...message, epoch: 0, last: 0, start: "live", from: 0 };
  }
}

/** Acknowledges what its application has not handled. */
export class AcknowledgesTooEarly extends RewritingClient {
  #given = 0;

  override handle(now: number, input: ClientInput): ClientOutput[] {
    const outputs = super.handle(now, input);
    for (const output of outputs) if (output.type === "deliver") this.#given = output.entries.at(-1)?.number ?? 0;
    return outputs;
  }

  protected override says(message: Message): Message {
    return message.type === "ack" ? { ...message, last: Math.max(message.last, this.#given) } : message;
  }
}

/** Gives its application what comes, whatever it had before. */
export class DeliversAgain extends ClientMachine {
  #last: Extract<ClientOutput, { type: "deliver" }> | undefined;

  override handle(now: number, input: ClientInput): ClientOutput[] {
    const outputs = super.handle(now, input);
    const isBack = outputs.some((output) => output.type === "notice" && output.notice.type === "welcome");
    const again = isBack && this.#last !== undefined ? [this.#last] : [];
    for (const output of outputs) if (output.type === "deliver") this.#last = output;
    return [...outputs, ...again];
  }
}

function framesIn(bytes: Uint8Array): Uint8Array[] {
  return new FrameDecoder().push(bytes);
}
