/** Bugs of a gateway (`mutants.ts`). */
import { encode, type Message, type ServerInput, ServerMachine, type ServerOutput } from "../../src/core/index.js";
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
