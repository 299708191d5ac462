/** Bugs of the log: how entries come into it, what it holds, and what a store has of it (docs/broadcast.md B12 to B17, B23, B26, B28, B29). */
import { FrameDecoder } from "@lab/framing/core";
import type { Connection } from "../../src/core/connection.js";
import { DurableCommits } from "../../src/core/durable-commits.js";
import { DurableRoom } from "../../src/core/durable-room.js";
import { OwnRoom } from "../../src/core/own-room.js";
import type { PublishWalker } from "../../src/core/publish-frame.js";
import { Publishers } from "../../src/core/publishers.js";
import { Room } from "../../src/core/room.js";
import type { ServerInput, ServerOutput } from "../../src/core/server-contract.js";
import { ServerMachine } from "../../src/core/server-machine.js";
import type { Mutant } from "./mutants.js";
import { deafTo, machine, options, patched, performs, saying, says } from "./mutation.js";

type Publish = (this: Room, connection: Connection, walker: PublishWalker, now: number) => void;
type Close = (this: DurableRoom, now: number, closed: (now: number) => void) => void;
type Begin = (this: Room, epoch: object, ...rest: readonly unknown[]) => void;
type Puback = (this: Room, connection: Connection, ...rest: readonly unknown[]) => void;

/** Takes each frame of a read for a read of its own. */
class FrameByFrame extends ServerMachine {
  override handle(now: number, input: ServerInput): ServerOutput[] {
    if (input.type !== "data") return super.handle(now, input);
    const payloads = new FrameDecoder({ copy: true }).push(input.bytes);
    return payloads.flatMap((payload) => {
      const bytes = Buffer.concat([new Uint8Array(8), payload]);
      bytes.writeBigUInt64BE(BigInt(payload.length));
      return super.handle(now, { ...input, bytes });
    });
  }
}

const isPuback = (output: ServerOutput): boolean => output.type === "send" && output.bytes[8] === 4;
const isClose = (output: ServerOutput): boolean => output.type === "send" && output.bytes[8] === 11;

export const COMMITTED: readonly Mutant[] = [
  {
    rule: "B9",
    bug: "WELCOME is said before the join is stored",
    mutation: options(({ log }) => (log === "durable" ? { durability: "memory" } : {})),
    killer: "B25, B27: a room is opened from its store",
  },
  {
    rule: "B12",
    bug: "entries are delivered before they are stored",
    mutation: options(({ log }) => (log === "durable" ? { durability: "memory" } : {})),
    killer: "B12: nothing is delivered or acknowledged before it is stored",
  },
  {
    rule: "B12",
    bug: "each frame is an append of its own",
    mutation: machine(FrameByFrame),
    killer: "B12: all that one read brought is one BATCH",
  },
  {
    rule: "B12",
    bug: "each live member has a write of its own",
    mutation: performs((outputs) =>
      outputs.flatMap((output) =>
        output.type === "sendAll"
          ? output.connections.map((connection) => ({ type: "send", connection, bytes: output.bytes }) as const)
          : [output],
      ),
    ),
    killer: "B12: all that one read brought is one BATCH",
  },
  {
    rule: "B13",
    bug: "what was sent again is appended again",
    mutation: patched(OwnRoom, "publish", (shipped: Publish): Publish => {
      return function (connection, walker, now) {
        walker.firstClientSeq = (connection.session?.appendedSeq ?? 0) + 1;
        shipped.call(this, connection, walker, now);
      };
    }),
    killer: "B13: what is committed is acknowledged again",
  },
  {
    rule: "B13",
    bug: "what was sent again gets no PUBACK",
    mutation: patched(OwnRoom, "publish", (shipped: Publish): Publish => {
      return function (connection, walker, now) {
        const { appendedSeq = 0 } = connection.session ?? {};
        if (walker.firstClientSeq + walker.count - 1 > appendedSeq) shipped.call(this, connection, walker, now);
      };
    }),
    killer: "B13: what is committed is acknowledged again",
  },
  {
    rule: "B13",
    bug: "what leaves a gap is left out",
    mutation: patched(OwnRoom, "publish", (shipped: Publish): Publish => {
      return function (connection, walker, now) {
        const { appendedSeq = 0 } = connection.session ?? {};
        if (walker.firstClientSeq <= appendedSeq + 1) shipped.call(this, connection, walker, now);
      };
    }),
    killer: "B13: what is committed is acknowledged again",
  },
  {
    rule: "B14",
    bug: "a PUBACK has the number of another",
    mutation: says((message) => (message.type === "puback" ? { ...message, number: message.number + 1 } : message)),
    killer: "B14: a PUBACK comes for each run",
  },
  {
    rule: "B14",
    bug: "a PUBACK comes before its entries",
    mutation: performs((outputs) => [...outputs.filter(isPuback), ...outputs.filter((output) => !isPuback(output))]),
    killer: "B14: a PUBACK comes for each run",
  },
  {
    rule: "B15",
    bug: "what is too big is appended",
    mutation: options(() => ({ maxMessageBytes: 1_000 })),
    killer: "B15: a message above the limit",
  },
  {
    rule: "B15",
    bug: "the PUBACK of a marker says ok",
    mutation: says((message) => (message.type === "puback" ? { ...message, code: "ok" } : message)),
    killer: "B15: a message above the limit",
  },
  ...(
    [
      ["publishWindow", "B16: more publishes without a PUBACK"],
      ["maxCommitBytes", "B16: while more than maxCommitBytes"],
      ["maxPublishRate", "B16: above the publish rate"],
      ["historyMessages", "B17: a log holds its newest entries"],
      ["historyBytes", "B17: a log holds its newest entries"],
    ] as const
  ).map(([name, killer]): Mutant => {
    return {
      rule: killer.slice(0, 3),
      bug: `${name} is larger`,
      mutation: options(({ [name]: limit }) => (limit === undefined ? {} : { [name]: limit + 1_000 })),
      killer,
    };
  }),
  {
    rule: "B16",
    bug: "who waits for a commit is read from again too early",
    mutation: patched(DurableCommits, "stored", (shipped: DurableCommits["stored"]): DurableCommits["stored"] => {
      return function (this: DurableCommits, id, now) {
        shipped.call(this, id, now);
        this.pendingBytes = 0;
      };
    }),
    killer: "B16: while more than maxCommitBytes",
  },
  {
    rule: "B16",
    bug: "a rate pause never ends",
    mutation: patched(Publishers, "tick", () => () => {}),
    killer: "B16: above the publish rate",
  },
  {
    rule: "B16",
    bug: "a full connection is sent PUBACKs",
    mutation: patched(Room, "puback", (shipped: Puback): Puback => {
      return function (connection, ...rest) {
        const { full } = connection;
        connection.full = false;
        shipped.call(this, connection, ...rest);
        connection.full = full;
      };
    }),
    killer: "B16: PUBACKs that a full connection is not sent",
  },
  {
    rule: "B23",
    bug: "a durable room is never given up",
    mutation: saying(DurableRoom, "isIdle", () => false),
    killer: "B23: a durable room without anybody is closed cleanly",
  },
  {
    rule: "B23",
    bug: "a durable room is given up while a member is away",
    mutation: saying(DurableRoom, "isIdle", ({ connections }) => connections.size === 0),
    killer: "B23: a durable room has its place",
  },
  {
    rule: "B23",
    bug: "a durable room is given up while a join waits for its commit",
    mutation: saying(DurableRoom, "isIdle", (room) => (room as unknown as { hasNobody: boolean }).hasNobody),
    killer: "B23: a member who is gone before its join",
  },
  {
    rule: "B23",
    bug: "a durable room that is given up is not marked as clean",
    mutation: patched(DurableRoom, "close", (): Close => {
      return (now, closed) => closed(now);
    }),
    killer: "B23: a durable room without anybody is closed cleanly",
  },
  {
    rule: "B23",
    bug: "a durable room is opened again before its mark is stored",
    mutation: patched(DurableRoom, "close", (shipped: Close): Close => {
      return function (now, closed) {
        shipped.call(this, now, () => {});
        closed(now);
      };
    }),
    killer: "B23: who comes to a durable room that is being closed",
  },
  {
    rule: "B26",
    bug: "the epoch before is forgotten",
    mutation: patched(Room, "begin", (shipped: Begin): Begin => {
      return function (epoch, ...rest) {
        shipped.call(this, { ...epoch, previousEpoch: 0 }, ...rest);
      };
    }),
    killer: "B26: on another boot there is a new epoch",
  },
  {
    rule: "B26",
    bug: "who had more than was recovered goes on behind what it had",
    mutation: patched(Room, "begin", (shipped: Begin): Begin => {
      return function (epoch, ...rest) {
        shipped.call(this, { ...epoch, previousHead: 1_000_000 }, ...rest);
      };
    }),
    killer: "B26: on another boot there is a new epoch",
  },
  {
    rule: "B26",
    bug: "a last above the head is taken for what it says",
    mutation: says((message) =>
      message.type === "welcome" && message.status === "new epoch" ? { ...message, status: "resumed" } : message,
    ),
    killer: "B10, B26: another epoch",
  },
  {
    rule: "B28",
    bug: "a store that fails is not heard",
    mutation: deafTo(({ type }) => type === "storeFailed"),
    killer: "B28: when a store fails",
  },
  {
    rule: "B28",
    bug: "what failed is taken for stored",
    mutation: machine(
      class extends ServerMachine {
        override handle(now: number, input: ServerInput): ServerOutput[] {
          return super.handle(now, input.type === "storeFailed" ? { ...input, type: "stored" } : input);
        }
      },
    ),
    killer: "B28: when a store fails",
  },
  {
    rule: "B28",
    bug: "a room that can not be opened is waited for",
    mutation: patched(DurableRoom, "concerns", (shipped: DurableRoom["concerns"]): DurableRoom["concerns"] => {
      return function (this: DurableRoom, id) {
        return id !== 0 && shipped.call(this, id);
      };
    }),
    killer: "B28: a room that can not be opened",
  },
  {
    rule: "B29",
    bug: "SHUTDOWN is not said",
    mutation: performs((outputs, input) =>
      input.type === "shutdown" ? outputs.filter((output) => !isClose(output)) : outputs,
    ),
    killer: "B29: a server that closes says SHUTDOWN",
  },
  {
    rule: "B29",
    bug: "the log is not marked as cleanly closed",
    mutation: patched(DurableRoom, "shutdown", () => () => {}),
    killer: "B29: a server that closes says SHUTDOWN",
  },
  {
    rule: "B29",
    bug: "a leave is taken for who was cut off by the end",
    mutation: patched(DurableRoom, "close", (shipped: Close): Close => {
      return function (now, closed) {
        this.tick(now + 1_000_000);
        shipped.call(this, now, closed);
      };
    }),
    killer: "B29: a server that closes says SHUTDOWN",
  },
  {
    rule: "B29",
    bug: "the mark does not say which member numbers were given",
    mutation: performs((outputs) =>
      outputs.map((output) =>
        output.type === "storeMeta" ? { ...output, meta: { ...output.meta, lastMember: 0 } } : output,
      ),
    ),
    killer: "B29: a server that closes says SHUTDOWN",
  },
];
