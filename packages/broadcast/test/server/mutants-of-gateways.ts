/** Bugs of gateways (docs/broadcast.md B38 to B40). */
import type { Connection } from "../../src/core/connection.js";
import { FanOut } from "../../src/core/fan-out.js";
import { Room } from "../../src/core/room.js";
import type { RoomLog } from "../../src/core/room-log.js";
import type { SharedEntry, SharedRequest } from "../../src/core/server-contract.js";
import { type Attachment, SharedAdmission } from "../../src/core/shared-admission.js";
import { LocalMembers } from "../../src/core/shared-local-members.js";
import { SharedOwners } from "../../src/core/shared-owners.js";
import { SharedPublisher } from "../../src/core/shared-publisher.js";
import { SharedRequests } from "../../src/core/shared-requests.js";
import { SharedRetries } from "../../src/core/shared-retries.js";
import { SharedRoom } from "../../src/core/shared-room.js";
import type { Mutant } from "./mutants.js";
import { deafTo, options, patched, saying, says } from "./mutation.js";

type Entries = (this: SharedRoom, first: number, entries: readonly SharedEntry[], now: number) => void;
type Ask = (this: SharedRequests, request: SharedRequest, ...rest: readonly unknown[]) => void;
type Begin = (this: Room, epoch: object, log: RoomLog, goesOn: boolean, now: number) => void;
type Attach = (
  this: SharedAdmission,
  connection: Connection,
  hello: object,
  now: number,
  attached: (attachment: Attachment, now: number) => void,
) => void;

const NOTHING = (): (() => void) => () => {};

/** Sees other answers to an "attach". */
function attaching(
  change: (answer: Attachment["answer"], room: Connection["room"]) => Attachment["answer"],
): Mutant["mutation"] {
  return patched(SharedAdmission, "attach", (shipped: Attach): Attach => {
    return function (connection, hello, now, attached) {
      shipped.call(this, connection, hello, now, (attachment, then) => {
        attached({ ...attachment, answer: change(attachment.answer, connection.room) }, then);
      });
    };
  });
}

export const SHARED: readonly Mutant[] = [
  {
    rule: "B38",
    bug: "PUBACKs are never said",
    mutation: patched(LocalMembers, "seen", NOTHING),
    killer: "B38: members of two gateways",
  },
  {
    rule: "B38",
    bug: "a publish is delivered before the log has given it",
    mutation: patched(SharedRequests, "ask", (shipped: Ask): Ask => {
      return function (request, ...rest) {
        shipped.call(this, request.op === "publish" ? { ...request, entries: [] } : request, ...rest);
      };
    }),
    killer: "B38: members of two gateways",
  },
  {
    rule: "B38",
    bug: "WELCOME does not wait until the log was followed",
    mutation: attaching((answer) => ({ ...answer, head: 0 })),
    killer: "B38: a WELCOME waits until the gateway",
  },
  {
    rule: "B38",
    bug: "what comes before the log is known to be open is lost",
    mutation: patched(SharedRoom, "entries", (shipped: Entries): Entries => {
      return function (first, entries, now) {
        if (this.view().open) shipped.call(this, first, entries, now);
      };
    }),
    killer: "B38: what the log gives before",
  },
  {
    rule: "B38",
    bug: "a publish of unknown fate is forgotten",
    mutation: patched(SharedPublisher, "tick", NOTHING),
    killer: "B38: a publish of unknown fate",
  },
  {
    rule: "B38",
    bug: "an attach of unknown fate is forgotten",
    mutation: patched(SharedRetries, "add", NOTHING),
    killer: "B38: an attach of unknown fate",
  },
  {
    rule: "B38",
    bug: "what the log has is asked for again",
    mutation: patched(SharedPublisher, "seen", NOTHING),
    killer: "B38: what the log has is not asked for again",
  },
  {
    rule: "B39",
    bug: "sessions are not renewed",
    mutation: patched(SharedRequests, "ask", (shipped: Ask): Ask => {
      return function (request, ...rest) {
        if (request.op !== "renew") shipped.call(this, request, ...rest);
      };
    }),
    killer: "B39: a session that another gateway attached",
  },
  {
    rule: "B39",
    bug: "the old connection on the same gateway stays",
    mutation: patched(LocalMembers, "ofClient", NOTHING),
    killer: "B11, B39: on the same gateway",
  },
  {
    rule: "B39",
    bug: "a session of which the connection is gone is owned for ever",
    mutation: patched(SharedOwners, "away", NOTHING),
    killer: "B22, B39: the gateway that owned a session last",
  },
  {
    rule: "B39",
    bug: "a session of which the connection is gone has no time of grace",
    mutation: patched(SharedOwners, "away", (shipped: SharedOwners["away"]): SharedOwners["away"] => {
      return function (this: SharedOwners, owner, now) {
        shipped.call(this, owner, now - 1_000_000);
      };
    }),
    killer: "B22, B39: the gateway that owned a session last",
  },
  {
    rule: "B39",
    bug: "a session is asked for in the turn of its HELLO",
    mutation: patched(SharedAdmission, "attach", (shipped: Attach): Attach => {
      return function (connection, hello, now, attached) {
        shipped.call(this, connection, hello, now, attached);
        this.tick(now);
      };
    }),
    killer: "B39: a HELLO that is read late",
  },
  {
    rule: "B40",
    bug: "a log out of reach is waited for",
    mutation: patched(SharedRequests, "isOutOfReach", () => () => false),
    killer: "B40: when the log cannot be reached",
  },
  {
    rule: "B40",
    bug: "a log is out of reach a little late",
    mutation: options(({ engineMs = 5_000 }) => ({ engineMs: engineMs + 1 })),
    killer: "B40: when the log cannot be reached",
  },
  {
    rule: "B40",
    bug: "requests that fail count from long after they were asked",
    mutation: patched(SharedRequests, "ask", (shipped: SharedRequests["ask"]): SharedRequests["ask"] => {
      return function (this: SharedRequests, request, now, answered) {
        shipped.call(this, request, now + 10_000, answered as Parameters<typeof shipped>[2]);
      };
    }),
    killer: "B40: requests that fail again and again",
  },
  {
    rule: "B40",
    bug: "how long the log waits for its engine is added to engineMs",
    mutation: patched(SharedRequests, "failed", (shipped: SharedRequests["failed"]): SharedRequests["failed"] => {
      return function (this: SharedRequests, id, now) {
        // As if the others had been answered when it failed.
        this.answeredAt = now;
        shipped.call(this, id, now);
      };
    }),
    killer: "B40: an engine that does not answer is out of reach",
  },
  {
    rule: "B40",
    bug: "nothing is asked of the log where nothing happens",
    mutation: patched(SharedOwners, "start", NOTHING),
    killer: "B40: a room where nothing happens learns",
  },
  {
    rule: "B40",
    bug: "an epoch that begins is told to go on",
    mutation: patched(Room, "begin", (shipped: Begin): Begin => {
      return function (epoch, log, _goesOn, now) {
        shipped.call(this, epoch, log, true, now);
      };
    }),
    killer: "B25, B40: an epoch in which there is nothing yet",
  },
  {
    rule: "B40",
    bug: "what the log holds no more is not told",
    mutation: says((message) => (message.type === "gap" ? undefined : message)),
    killer: "B40: what the gateway does not hold",
  },
  {
    rule: "B40",
    bug: "the first that is held is not looked at",
    mutation: patched(FanOut, "older", (shipped: FanOut["older"]): FanOut["older"] => {
      return function (this: FanOut, connection, _firstRetained, some, now) {
        return shipped.call(this, connection, 0, some, now);
      };
    }),
    killer: "B40: what the gateway does not hold",
  },
  {
    rule: "B40",
    bug: "a log that is lost is not heard of",
    mutation: deafTo(({ type }) => type === "sharedLost"),
    killer: "B40: when the shared log is lost",
  },
  {
    rule: "B40",
    bug: "another epoch in an answer is not looked at",
    mutation: attaching((answer, room) => ({ ...answer, epoch: room?.view().epoch ?? 0 })),
    killer: "B40: an answer from another log",
  },
  {
    rule: "B40",
    bug: "a hole in what the log gives is not noticed",
    mutation: patched(SharedRoom, "entries", (shipped: Entries): Entries => {
      return function (first, entries, now) {
        const { head, open } = this.view();
        shipped.call(this, open ? Math.min(first, head + 1) : first, entries, now);
      };
    }),
    killer: "B40: entries behind a hole",
  },
  {
    rule: "B29",
    bug: "a gateway without anybody goes on following",
    mutation: saying(SharedRoom, "isIdle", () => false),
    killer: "B29, B38: a gateway that closes",
  },
];
