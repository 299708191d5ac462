/** Bugs in one rule of a server (`mutants.ts`). */
import {
  decodeServerMessage,
  encode,
  type Platform,
  type ServerInput,
  ServerMachine,
  type ServerMachineOptions,
  type ServerOutput,
} from "../../src/core/index.js";
import { Frames } from "./frames.js";

type Stored = ConstructorParameters<typeof ServerMachine>[2];

/** What a bid reserved stays so. */
export class ReservesForEver extends ServerMachine {
  constructor(options: ServerMachineOptions, platform: Platform, stored?: Stored) {
    super({ ...options, validForMs: 2_000_000_000 }, platform, stored);
  }
}

/** The slot of a run is free as soon as its folder is to go. */
export class FreesBeforeRemoval extends ServerMachine {
  override handle(now: number, input: ServerInput): ServerOutput[] {
    const all: ServerOutput[] = [];
    const inputs: ServerInput[] = [input];
    for (let next = inputs.shift(); next !== undefined; next = inputs.shift()) {
      for (const output of super.handle(now, next)) {
        all.push(output);
        if (output.type === "remove") inputs.push({ type: "removed", run: output.run });
      }
    }
    return all;
  }
}

/** Who is gone is not missed. */
export class KeepsWhatALostClientBegan extends ServerMachine {
  constructor(options: ServerMachineOptions, platform: Platform, stored?: Stored) {
    super({ ...options, heartbeatMs: 70_000_000 }, platform, stored);
  }

  override handle(now: number, input: ServerInput): ServerOutput[] {
    return input.type === "closed" ? [] : super.handle(now, input);
  }
}

/** It sends without credit. */
export class IgnoresCredit extends ServerMachine {
  readonly #heard = new Map<number, Frames<ReturnType<typeof decodeServerMessage>>>();

  override handle(now: number, input: ServerInput): ServerOutput[] {
    const all: ServerOutput[] = [];
    const inputs: ServerInput[] = [input];
    for (let next = inputs.shift(); next !== undefined; next = inputs.shift()) {
      for (const output of super.handle(now, next)) {
        all.push(output);
        if (output.type === "send") inputs.push(...this.#credited(output.connection, output.bytes));
      }
    }
    return all;
  }

  /** For what goes out it says itself what its client would say later. */
  #credited(connection: number, bytes: Uint8Array): ServerInput[] {
    const frames = this.#heard.get(connection) ?? new Frames(decodeServerMessage);
    this.#heard.set(connection, frames);
    return frames.take(bytes).flatMap((message): ServerInput[] => {
      const isBody = message?.type === "STDOUT" || message?.type === "STDERR" || message?.type === "OUTPUT";
      if (!isBody || message.body.length === 0) return [];
      const credit = encode({ type: "CREDIT", actionId: message.actionId, bytes: message.body.length });
      return [{ type: "data", connection, bytes: credit }];
    });
  }
}
