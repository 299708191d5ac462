/** Bugs in one rule of a client (`mutants.ts`). */
import { FrameDecoder } from "@lab/framing/core";
import {
  type ClientInput,
  ClientMachine,
  type ClientMachineOptions,
  type ClientOutput,
  decode,
  encode,
  type Member,
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

/** Whoever was a member once is one for it. */
export class RemembersWhoLeft extends ClientMachine {
  readonly #known = new Map<number, Member>();

  override view(): ReturnType<ClientMachine["view"]> {
    const view = super.view();
    for (const one of view.members) this.#known.set(one.member, one);
    return { ...view, members: [...this.#known.values()] };
  }
}

/** Takes the entries of another epoch for those that come next, and its application hears of no change. */
export class KeepsQuietOfEpochs extends ClientMachine {
  override handle(now: number, input: ClientInput): ClientOutput[] {
    return super.handle(now, input).filter((output) => output.type !== "notice" || output.notice.type !== "epoch");
  }
}

/** Comes back when another process has its session, which does the same. */
export class TakesBack extends ClientMachine {
  #attempt = 0;
  #decoder = new FrameDecoder({ copy: true });

  override handle(now: number, input: ClientInput): ClientOutput[] {
    if (input.type !== "data") return super.handle(now, input);
    if (input.attempt !== this.#attempt) {
      this.#attempt = input.attempt;
      this.#decoder = new FrameDecoder({ copy: true });
    }
    const frames = this.#decoder.push(input.bytes).map((payload) => {
      const message = decode(payload, "server");
      const isTakeover = message.type === "close" && message.code === "TAKEN_OVER";
      return encode(isTakeover ? { ...message, code: "SHUTDOWN" } : message);
    });
    return super.handle(now, { ...input, bytes: Buffer.concat(frames) });
  }
}

function framesIn(bytes: Uint8Array): Uint8Array[] {
  return new FrameDecoder().push(bytes);
}
