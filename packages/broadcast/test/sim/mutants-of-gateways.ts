/** Bugs of a gateway (`mutants.ts`). */
import {
  encode,
  type Message,
  type ServerInput,
  ServerMachine,
  type ServerOutput,
  type SharedAnswer,
} from "../../src/core/index.js";
import { RewritingServer } from "./rewriting-server.js";

/** Says the number that a publish will have, if all goes well, when it asks the log to take it. */
export class AcknowledgesBeforeTheLog extends ServerMachine {
  override handle(now: number, input: ServerInput): ServerOutput[] {
    const outputs = super.handle(now, input);
    if (input.type !== "data") return outputs;
    const { connection } = input;
    return outputs.flatMap((output): ServerOutput[] => {
      if (output.type !== "share" || output.request.op !== "publish") return [output];
      const { firstClientSeq, entries } = output.request;
      const head = this.view().rooms.find(({ room }) => room === output.room)?.head ?? 0;
      const clientSeq = firstClientSeq + entries.length - 1;
      const bytes = encode({ type: "puback", clientSeq, number: head + entries.length, code: "ok" });
      return [output, { type: "send", connection, bytes }];
    });
  }
}

/** Goes on where the log begins now, and says nothing of what was trimmed. */
export class SkipsTrim extends RewritingServer {
  protected override said(_connection: number, message: Message): Message | undefined {
    return message.type === "gap" && message.reason === "retention" ? undefined : message;
  }
}

/** Keeps a connection whose session another gateway has. */
export class IgnoresTakeover extends ServerMachine {
  override handle(now: number, input: ServerInput): ServerOutput[] {
    if (input.type !== "shared") return super.handle(now, input);
    const { answer } = input;
    if (answer.op === "renew") return super.handle(now, { ...input, answer: { ...answer, lost: [] } });
    if (answer.op === "publish" && answer.outcome === "not owner")
      return super.handle(now, { ...input, answer: { ...answer, outcome: "ok" } });
    return super.handle(now, input);
  }
}

/** Hears another answer. */
abstract class MishearingGateway extends ServerMachine {
  protected abstract heard(room: string, answer: SharedAnswer): SharedAnswer;

  override handle(now: number, input: ServerInput): ServerOutput[] {
    if (input.type !== "shared") return super.handle(now, input);
    return super.handle(now, { ...input, answer: this.heard(input.room, input.answer) });
  }
}

/** Passes a log that is another now off as the one that it knew. */
export class KeepsTheEpoch extends MishearingGateway {
  readonly #epochs = new Map<string, number>();

  protected override heard(room: string, answer: SharedAnswer): SharedAnswer {
    if (answer.op !== "open" && answer.op !== "attach") return answer;
    const epoch = this.#epochs.get(room) ?? answer.epoch;
    this.#epochs.set(room, epoch);
    return { ...answer, epoch };
  }
}

/** Says that the epoch is another, and goes on behind the number that a client had, whatever was lost. */
export class ResumesTheOldPosition extends MishearingGateway {
  readonly #epochs = new Map<string, number>();

  protected override heard(room: string, answer: SharedAnswer): SharedAnswer {
    if (answer.op !== "open") return answer;
    const previousEpoch = this.#epochs.get(room) ?? 0;
    this.#epochs.set(room, answer.epoch);
    if (previousEpoch === 0 || previousEpoch === answer.epoch) return answer;
    return { ...answer, previousEpoch, previousHead: Number.MAX_SAFE_INTEGER };
  }
}
