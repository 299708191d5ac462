/** What Redis answers, as the contract of a shared log has it. */
import { ENTRY_KINDS, type EntryKind, type Member } from "../../core/messages.js";
import type { SharedAnswer, SharedEntry, SharedRequest } from "../../core/server-contract.js";

/** A reply of strings as Buffers, and lists of them. */
export type Reply = Buffer | number | null | readonly Reply[];

const kinds: ReadonlySet<string> = new Set(ENTRY_KINDS);

export function textOf(reply: Reply | undefined): string {
  if (Buffer.isBuffer(reply)) return reply.toString();
  throw new Error("Redis answered something else than was asked");
}

export function numberOf(reply: Reply | undefined): number {
  const number = Number(textOf(reply));
  if (!Number.isSafeInteger(number) || number < 0) throw new Error(`Redis answered ${number} for a number`);
  return number;
}

export function listOf(reply: Reply | undefined): readonly Reply[] {
  if (Array.isArray(reply)) return reply as readonly Reply[];
  throw new Error("Redis answered something else than was asked");
}

export interface NumberedEntry {
  readonly number: number;
  readonly entry: SharedEntry;
}

/** An entry of a stream: its id, and the fields `k`, `m`, `s` and `b` with their values. */
export function entryOf(reply: Reply): NumberedEntry {
  const [id, fields] = listOf(reply);
  const [, kind, , member, , clientSeq, , bytes] = listOf(fields);
  const named = textOf(kind);
  if (!kinds.has(named) || !Buffer.isBuffer(bytes)) throw new Error("Redis holds something else than an entry");
  return {
    number: Number(textOf(id).slice(0, -2)),
    entry: {
      kind: named as EntryKind,
      member: numberOf(member),
      clientSeq: numberOf(clientSeq),
      bytes: new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length),
    },
  };
}

type AttachAnswer = Extract<SharedAnswer, { op: "attach" }>;
type PublishAnswer = Extract<SharedAnswer, { op: "publish" }>;

export function openAnswer(reply: Reply): Required<Extract<SharedAnswer, { op: "open" }>> {
  const [epoch, head, first, epochStart, previousEpoch, previousHead, members] = listOf(reply);
  return {
    op: "open",
    epoch: numberOf(epoch),
    head: numberOf(head),
    firstRetained: numberOf(first),
    epochStart: numberOf(epochStart),
    previousEpoch: numberOf(previousEpoch),
    previousHead: numberOf(previousHead),
    members: membersOf(members),
  };
}

/** @param reply what the script answered, behind its "ok" */
export function answerOf(op: SharedRequest["op"], epoch: number, reply: readonly Reply[]): SharedAnswer {
  switch (op) {
    case "attach":
      return attachAnswer(epoch, reply);
    case "publish": {
      const [, outcome, lastClientSeq, lastNumber] = reply;
      return {
        op,
        outcome: textOf(outcome) as PublishAnswer["outcome"],
        lastClientSeq: numberOf(lastClientSeq),
        lastNumber: numberOf(lastNumber),
      };
    }
    case "leave":
      return { op };
    case "renew":
      return { op, lost: listOf(reply[1]).map(textOf) };
    case "read": {
      const [, firstRetained, head, first, entries] = reply;
      const read = listOf(entries).map((entry) => entryOf(entry).entry);
      return {
        op,
        firstRetained: numberOf(firstRetained),
        head: numberOf(head),
        first: numberOf(first),
        entries: read,
      };
    }
    case "open":
      return openAnswer(reply);
  }
}

function attachAnswer(epoch: number, reply: readonly Reply[]): AttachAnswer {
  const [, outcome, token, member, lastClientSeq, lastNumber, head, firstRetained, joinNumber, pairs] = reply;
  return {
    op: "attach",
    outcome: textOf(outcome) as AttachAnswer["outcome"],
    token: textOf(token),
    member: numberOf(member),
    lastClientSeq: numberOf(lastClientSeq),
    lastNumber: numberOf(lastNumber),
    epoch,
    head: numberOf(head),
    firstRetained: numberOf(firstRetained),
    members: membersOf(pairs),
    joinNumber: numberOf(joinNumber),
  };
}

/** Member numbers, each followed by a name. */
function membersOf(reply: Reply | undefined): Member[] {
  const texts = listOf(reply).map(textOf);
  const members: Member[] = [];
  for (let i = 0; i < texts.length; i += 2) members.push({ member: Number(texts[i]), name: texts[i + 1] as string });
  return members.sort((one, other) => one.member - other.member);
}
