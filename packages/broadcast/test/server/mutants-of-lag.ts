/** Bugs of fan-out, lag, windows and acknowledgements (docs/broadcast.md B18 to B21). */
import { Connection } from "../../src/core/connection.js";
import { FanOut } from "../../src/core/fan-out.js";
import { LagBounds } from "../../src/core/lag-bounds.js";
import { LiveMembers } from "../../src/core/live-members.js";
import { Room } from "../../src/core/room.js";
import { Stability } from "../../src/core/stability.js";
import type { Mutant } from "./mutants.js";
import { options, patched, says } from "./mutation.js";

type Act = (this: object, connection: Connection, now: number) => void;

const NOTHING = (): (() => void) => () => {};

export const LAG: readonly Mutant[] = [
  {
    rule: "B18",
    bug: "one that is full is written to",
    mutation: patched(FanOut, "full", NOTHING),
    killer: "B18: nothing is written to one that is full",
  },
  {
    rule: "B18",
    bug: "one that has drained is not sent what it missed",
    mutation: patched(FanOut, "drained", (): Act => {
      return (connection) => {
        connection.full = false;
      };
    }),
    killer: "B18: nothing is written to one that is full",
  },
  {
    rule: "B18",
    bug: "what was put off is forgotten",
    mutation: patched(FanOut, "tick", NOTHING),
    killer: "B18: what is missed comes in pieces",
  },
  {
    rule: "B19",
    bug: "nobody is too slow",
    mutation: patched(LagBounds, "whyTooSlow", NOTHING),
    killer: "B19: beyond maxLagMessages",
  },
  {
    rule: "B19",
    bug: "who lags is one entry later too slow",
    mutation: options(({ maxLagMessages }) =>
      maxLagMessages === undefined ? {} : { maxLagMessages: maxLagMessages + 1 },
    ),
    killer: "B19: beyond maxLagMessages",
  },
  {
    rule: "B19",
    bug: "who takes nothing is too slow later",
    mutation: options(({ maxLagMs }) => (maxLagMs === undefined ? {} : { maxLagMs: maxLagMs + 1 })),
    killer: "B19: beyond maxLagMessages",
  },
  {
    rule: "B19",
    bug: "the bounds count for who comes from further behind",
    mutation: patched(LagBounds, "whyTooSlow", (shipped: LagBounds["whyTooSlow"]): LagBounds["whyTooSlow"] => {
      return function (this: LagBounds, connection, now) {
        connection.catchingUp = false;
        return shipped.call(this, connection, now);
      };
    }),
    killer: "B19: who needs what was trimmed",
  },
  {
    rule: "B19",
    bug: "who is skipped is not told",
    mutation: says((message) => (message.type === "gap" && message.reason === "slow" ? undefined : message)),
    killer: "B19: skip tells a gap",
  },
  {
    rule: "B19",
    bug: "with snapshots a slow one is skipped",
    mutation: options(({ onSlow }) => (onSlow === "snapshot" ? { onSlow: "skip" } : {})),
    killer: "B19, B31: with snapshots a slow member",
  },
  {
    rule: "B19",
    bug: "a snapshot of no use is sent",
    mutation: patched(FanOut, "isUseful", () => () => true),
    killer: "B19, B31: without a snapshot",
  },
  {
    rule: "B19",
    bug: "with block nobody makes publishers wait",
    mutation: patched(LagBounds, "isNear", () => () => false),
    killer: "B19: block stops reading",
  },
  {
    rule: "B19",
    bug: "with block who is near the bounds is not read from",
    mutation: patched(FanOut, "isNearBound", () => () => false),
    killer: "B19: with block a publisher that is itself near",
  },
  {
    rule: "B20",
    bug: "windows do not count",
    mutation: patched(Connection, "windowLeft", () => () => 1_000_000),
    killer: "B20: a window of 1",
  },
  {
    rule: "B20",
    bug: "a window is one entry too wide",
    mutation: patched(Connection, "windowLeft", (shipped: Connection["windowLeft"]): Connection["windowLeft"] => {
      return function (this: Connection, sent) {
        return shipped.call(this, sent) + 1;
      };
    }),
    killer: "B20: a window of 1",
  },
  {
    rule: "B20",
    bug: "a window that is made smaller is not noticed",
    mutation: patched(LiveMembers, "windowChanged", NOTHING),
    killer: "B20: a window that is made smaller",
  },
  {
    rule: "B20",
    bug: "numbers of a gap take room in the window",
    mutation: patched(Connection, "windowLeft", (): Connection["windowLeft"] => {
      return function (this: Connection, sent) {
        return this.window - (sent - this.acked);
      };
    }),
    killer: "B19, B20: numbers of a gap",
  },
  {
    rule: "B20",
    bug: "an ACK of what was not sent is taken",
    mutation: patched(FanOut, "sentUpTo", () => () => Number.POSITIVE_INFINITY),
    killer: "B20: an ACK above what was sent",
  },
  {
    rule: "B21",
    bug: "nobody is told",
    mutation: says((message) => (message.type === "stable" ? undefined : message)),
    killer: "B21: stable is what every",
  },
  {
    rule: "B21",
    bug: "that somebody is gone changes nothing",
    mutation: patched(Room, "exit", (shipped: Room["exit"]): Room["exit"] => {
      return function (this: Room, connection, now) {
        // As if it had held nothing back.
        connection.acked = Number.MAX_SAFE_INTEGER;
        connection.confirmed = Number.MAX_SAFE_INTEGER;
        shipped.call(this, connection, now);
      };
    }),
    killer: "B21: stable is what every",
  },
  {
    rule: "B21",
    bug: "it is told later than it may be",
    mutation: patched(Stability, "tick", NOTHING),
    killer: "B21: stable is what every",
  },
  {
    rule: "B21",
    bug: "where a member begins counts for nothing until somebody acknowledges less",
    mutation: patched(Stability, "entered", NOTHING),
    killer: "B21: stable goes on behind entries that were committed while nobody was connected",
  },
  {
    rule: "B21",
    bug: "who comes back is taken to know what was stable of all that it has",
    mutation: patched(FanOut, "add", (shipped: FanOut["add"]): FanOut["add"] => {
      return function (this: FanOut, connection, next, snapshot, now) {
        connection.stableTold = next - 1;
        shipped.call(this, connection, next, snapshot, now);
      };
    }),
    killer: "B21: who comes back is told what is stable",
  },
];
