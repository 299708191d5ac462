/** Runs a case against a session in memory and says where it differs. */
import { ServerSession } from "../../src/core/index.js";
import { type Case, FILES } from "./cases.js";
import { brief, Conversation } from "./conversation.js";
import { MemoryDirectory, type TestDirectory } from "./memory-directory.js";

export interface Outcome {
  readonly gets: string;
  readonly ends: boolean;
  /** What the session threw, which a session must never do because of a peer. */
  readonly threw?: string;
}

export function expected(one: Case): Outcome {
  return { gets: brief(one.gets), ends: one.ends ?? false };
}

/** @param cut cuts a segment into chunks; default: as it is */
export function runCase(
  one: Case,
  session: ServerSession = new ServerSession(),
  directory: TestDirectory = new MemoryDirectory(FILES),
  cut: (segment: string) => readonly string[] = (segment) => [segment],
): Outcome {
  let conversation: Conversation | undefined;
  try {
    conversation = new Conversation(session, directory);
    conversation.stalled = one.after === "shrink";
    for (const segment of one.sends) for (const chunk of cut(segment)) conversation.send(chunk);
    if (one.after === "half-close") conversation.halfClose();
    if (one.after === "reset") conversation.reset();
    if (one.after === "shrink") {
      if (directory instanceof MemoryDirectory)
        directory.files?.set("shrinks.bin", new Uint8Array(72 * 1024 * 2).fill(0x41));
      conversation.stalled = false;
      conversation.drain();
    }
    return { gets: brief(conversation.received), ends: conversation.ended };
  } catch (error) {
    return { gets: brief(conversation?.received ?? ""), ends: conversation?.ended ?? false, threw: String(error) };
  }
}
