/** Bugs of opening, sessions, limits and heartbeats (docs/broadcast.md B2, B6, B9 to B11, B22 to B24). */
import type { Connection } from "../../src/core/connection.js";
import { FanOut } from "../../src/core/fan-out.js";
import { MemoryRoom } from "../../src/core/memory-room.js";
import { OwnRoom } from "../../src/core/own-room.js";
import type { Platform } from "../../src/core/platform.js";
import { Room } from "../../src/core/room.js";
import { ServerMachine } from "../../src/core/server-machine.js";
import type { ServerMachineOptions } from "../../src/core/server-options.js";
import type { ServerSession } from "../../src/core/server-session.js";
import { Sessions } from "../../src/core/sessions.js";
import { Snapshots } from "../../src/core/snapshots.js";
import type { Mutant } from "./mutants.js";
import { machine, options, patched, saying, says } from "./mutation.js";

type Find = (this: Sessions, key: string) => ServerSession | undefined;

const NOTHING = (): (() => void) => () => {};

export const MEMBERS: readonly Mutant[] = [
  {
    rule: "B2",
    bug: "an observer is told that it is a member",
    mutation: says((message) =>
      message.type === "welcome" && message.member === 0 ? { ...message, member: 1 } : message,
    ),
    killer: "B2: an observer gets the entries",
  },
  {
    rule: "B6",
    bug: "a HELLO has longer than helloMs",
    mutation: options(({ helloMs = 5_000 }) => ({ helloMs: helloMs + 1 })),
    killer: "B6: without a HELLO in time",
  },
  {
    rule: "B6",
    bug: "an AUTH has longer than helloMs",
    mutation: options(({ secret, helloMs = 5_000 }) => (secret === undefined ? {} : { helloMs: helloMs + 1 })),
    killer: "B6: without AUTH in time",
  },
  {
    rule: "B6",
    bug: "any mac is right",
    mutation: machine(
      class extends ServerMachine {
        constructor(now: number, given: ServerMachineOptions, platform: Platform) {
          super(now, given, { ...platform, equal: () => true });
        }
      },
    ),
    killer: "B6: with a secret the client proves",
  },
  {
    rule: "B9",
    bug: "a member number is given again",
    mutation: patched(Sessions, "add", (shipped: Sessions["add"]): Sessions["add"] => {
      return function (this: Sessions, session, now) {
        shipped.call(this, session, now);
        this.lastMember = 0;
      };
    }),
    killer: "B9, B12: a member joins",
  },
  {
    rule: "B9",
    bug: "a session that left is another one when it comes back",
    mutation: patched(Sessions, "find", (shipped: Find): Find => {
      return function (key) {
        const session = shipped.call(this, key);
        return session?.joined === true ? session : undefined;
      };
    }),
    killer: "B9, B22: a session that left joins again",
  },
  {
    rule: "B9",
    bug: "an expired session is answered as expired for ever",
    mutation: patched(OwnRoom, "ack", (): Room["ack"] => {
      return function (this: OwnRoom, connection, last, window, now) {
        Room.prototype.ack.call(this, connection, last, window, now);
      };
    }),
    killer: "B10, B23: an evicted session is expired",
  },
  {
    rule: "B9",
    bug: "WELCOME does not wait for what was published before",
    mutation: patched(Sessions, "attach", (shipped: Sessions["attach"]): Sessions["attach"] => {
      return function (this: Sessions, session, connection) {
        session.appendedSeq = session.lastClientSeq;
        shipped.call(this, session, connection);
      };
    }),
    killer: "B10, B13: who comes back while its publishes wait",
  },
  {
    rule: "B10",
    bug: "a gap is called resumed",
    mutation: says((message) =>
      message.type === "welcome" && message.status === "gap" ? { ...message, status: "resumed" } : message,
    ),
    killer: "B10: gap, where what follows last",
  },
  {
    rule: "B10",
    bug: "what is held no more behind a start is not told",
    mutation: says((message) => (message.type === "gap" && message.reason === "retention" ? undefined : message)),
    killer: "B10: fresh starts",
  },
  {
    rule: "B10",
    bug: "a session that was made anew is called fresh or resumed",
    mutation: says((message) =>
      message.type === "welcome" && message.status === "expired" ? { ...message, status: "resumed" } : message,
    ),
    killer: "B10, B23: an evicted session is expired",
  },
  {
    rule: "B10",
    bug: "nobody waits for a snapshot",
    mutation: patched(Snapshots, "want", NOTHING),
    killer: "B10, B31: a start with a snapshot",
  },
  {
    rule: "B11",
    bug: "the old connection of a session stays",
    mutation: patched(Sessions, "find", (shipped: Find): Find => {
      return function (key) {
        const session = shipped.call(this, key);
        if (session !== undefined) session.connection = undefined;
        return session;
      };
    }),
    killer: "B8, B11: a known client id",
  },
  {
    rule: "B22",
    bug: "the time of grace is longer",
    mutation: options(({ graceMs = 10_000 }) => ({ graceMs: graceMs + 1 })),
    killer: "B22: a short cut is no notice",
  },
  {
    rule: "B22",
    bug: "the time of grace is shorter",
    mutation: options(({ graceMs = 10_000 }) => ({ graceMs: Math.max(0, graceMs - 1) })),
    killer: "B22: a short cut is no notice",
  },
  {
    rule: "B22",
    bug: "who says LEAVE is left for timed out",
    mutation: patched(OwnRoom, "leave", NOTHING),
    killer: "B9, B22: a session that left joins again",
  },
  {
    rule: "B22",
    bug: "after a restart nobody has time to come back",
    mutation: patched(Sessions, "add", (shipped: Sessions["add"]): Sessions["add"] => {
      return function (this: Sessions, session, now) {
        shipped.call(this, session, now);
        session.absentSince = 0;
      };
    }),
    killer: "B22: after a restart",
  },
  {
    rule: "B23",
    bug: "a session that left is kept longer",
    mutation: options(({ sessionTtlMs }) => (sessionTtlMs === undefined ? {} : { sessionTtlMs: sessionTtlMs + 1 })),
    killer: "B10, B23: an evicted session",
  },
  {
    rule: "B23",
    bug: "the session that left last is evicted first",
    mutation: patched(Sessions, "firstGone", (): Sessions["firstGone"] => {
      return function (this: Sessions) {
        let last: ServerSession | undefined;
        for (const session of this) if (!session.joinedAppended && session.connection === undefined) last ??= session;
        return last;
      };
    }),
    killer: "B23: where there is no room for a session",
  },
  ...(["maxConnections", "maxRooms", "maxMembers"] as const).map((name): Mutant => {
    return {
      rule: "B23",
      bug: `${name} is one more`,
      mutation: options(({ [name]: limit }) => (limit === undefined ? {} : { [name]: limit + 1 })),
      killer: "B23: above the limits it is FULL",
    };
  }),
  {
    rule: "B23",
    bug: "maxSessions is one more",
    mutation: options(({ maxSessions }) => (maxSessions === undefined ? {} : { maxSessions: maxSessions + 1 })),
    killer: "B23: where there is no room for a session",
  },
  {
    rule: "B23",
    bug: "any room is let in",
    mutation: options(() => ({ rooms: undefined as never })),
    killer: "B23: above the limits it is FULL",
  },
  {
    rule: "B23",
    bug: "a memory room is never given up",
    mutation: saying(MemoryRoom, "isIdle", () => false),
    killer: "B23: above the limits it is FULL",
  },
  {
    rule: "B23",
    bug: "a memory room is given up while somebody may come back",
    mutation: saying(MemoryRoom, "isIdle", ({ connections }) => connections.size === 0),
    killer: "B23: above the limits it is FULL",
  },
  {
    rule: "B24",
    bug: "a PING is not answered",
    mutation: says((message) => (message.type === "pong" ? undefined : message)),
    killer: "B24: a PING is answered",
  },
  {
    rule: "B24",
    bug: "nobody is pinged",
    mutation: says((message) => (message.type === "ping" ? undefined : message)),
    killer: "B24: a PING is answered",
  },
  {
    rule: "B24",
    bug: "who says nothing stays for another while",
    mutation: options(({ heartbeatMs = 5_000 }) => ({ heartbeatMs: heartbeatMs * 4 })),
    killer: "B24: a PING is answered",
  },
  {
    rule: "B24",
    bug: "batches do not count as something said",
    mutation: patched(
      FanOut,
      "lastSent",
      () =>
        ({ lastSent }: Connection) =>
          lastSent,
    ),
    killer: "B24: a member that is sent batches",
  },
];
