/**
 * Bugs, at least one for each rule of the server's machine: each changes one thing of the shipped code, and the test that is
 * named must fail for it (mutants.test.ts).
 */
import { IncomingBlobs } from "../../src/core/incoming-blobs.js";
import { Pins } from "../../src/core/pins.js";
import { StreamPulls } from "../../src/core/pulls.js";
import { Reservation } from "../../src/core/reservation.js";
import { Run } from "../../src/core/run.js";
import { ServerAction } from "../../src/core/server-action.js";
import { ServerHeartbeat } from "../../src/core/server-heartbeat.js";
import { ServerSession } from "../../src/core/server-session.js";
import { Slots } from "../../src/core/slots.js";
import { StoreIndex } from "../../src/core/store-index.js";
import { Uploads } from "../../src/core/uploads.js";
import { V1Session } from "../../src/core/v1-session.js";
import {
  deafTo,
  endless,
  type Mutation,
  nothing,
  of,
  options,
  patched,
  performs,
  says,
  undone,
  unsaid,
} from "./mutations.js";

export interface Mutant {
  readonly rule: string;
  readonly bug: string;
  readonly mutation: Mutation;
  /** How the name of the test begins that notices it. */
  readonly killer: string;
}

export const MUTANTS: readonly Mutant[] = [
  {
    rule: "R10",
    bug: "silence is waited for longer",
    mutation: options({ firstBytesMs: 101 }),
    killer: "R10: who says nothing",
  },
  { rule: "R10", bug: "an idle client of v1 stays", mutation: endless(V1Session), killer: "R10: v1 without progress" },
  { rule: "R11", bug: "v1 is always spoken", mutation: options({ allowV1: true }), killer: "R10, R11: v1 is closed" },
  {
    rule: "R11",
    bug: "any number may wait for a slot",
    mutation: options({ maxV1Waiting: 100 }),
    killer: "R11: an action waits for a slot",
  },
  {
    rule: "R11",
    bug: "who left is waited for",
    mutation: of(Slots, "waitNoMore"),
    killer: "R11: who vanishes while it waits",
  },
  {
    rule: "R11",
    bug: "v1 is read from however slow the disk is",
    mutation: undone(({ type }) => type === "pause"),
    killer: "R11, R47: a client that sends faster",
  },
  {
    rule: "R14",
    bug: "frames of any size",
    mutation: options({ maxFrameBytes: 2 ** 26 }),
    killer: "R14: a frame above 65,536",
  },
  {
    rule: "R15",
    bug: "a connection goes on behind a bad message",
    mutation: of(ServerSession, "hangUp"),
    killer: "R15: what is not a message",
  },
  {
    rule: "R16",
    bug: "no secret is asked for",
    mutation: options({ secret: undefined }),
    killer: "R16: with a secret",
  },
  { rule: "R16", bug: "a HELLO may come late", mutation: options({ helloMs: 101 }), killer: "R16: without a HELLO" },
  { rule: "R18", bug: "no credit is given", mutation: unsaid("CREDIT"), killer: "R18: a client may send 262,144" },
  {
    rule: "R18",
    bug: "credit is said as it is used, not as it is written away",
    mutation: patched(IncomingBlobs, "uploadTook", nothing),
    killer: "R18: a client may send 262,144",
  },
  {
    rule: "R18",
    bug: "the client's credit is not looked at",
    mutation: patched(ServerAction, "room", () => () => 65_536),
    killer: "R18, R23: no more is asked for",
  },
  {
    rule: "R18",
    bug: "credit does not wake",
    mutation: patched(ServerAction, "addCredit", () => () => true),
    killer: "R18, R23: no more is asked for",
  },
  {
    rule: "R19",
    bug: "a bid reserves nothing",
    mutation: patched(Slots, "reserve", () => (until: number) => ({ isRunning: false, until })),
    killer: "R19: a bid reserves",
  },
  {
    rule: "R19",
    bug: "what is there is not pinned",
    mutation: patched(Pins, "add", () => () => true),
    killer: "R19: a bid reserves",
  },
  {
    rule: "R19",
    bug: "reservations do not end",
    mutation: patched(ServerAction, "deadline", () => () => Number.POSITIVE_INFINITY),
    killer: "R19: a reservation ends",
  },
  { rule: "R19", bug: "one that ends is not told", mutation: unsaid("EXPIRED"), killer: "R19: a reservation ends" },
  {
    rule: "R19",
    bug: "any number of reservations",
    mutation: options({ maxReservations: 1_000 }),
    killer: "R19: a client holds at most",
  },
  {
    rule: "R19",
    bug: "who is refused is told to come back at once",
    mutation: patched(Slots, "freeIn", () => () => 0),
    killer: "R19: a server whose slots",
  },
  {
    rule: "R19",
    bug: "reservations end sooner",
    mutation: options({ validForMs: 89 }),
    killer: "R19: BLOBs and ACKs renew",
  },
  {
    rule: "R19",
    bug: "a byte renews",
    mutation: patched(
      Reservation,
      "moved",
      (shipped: (this: Reservation, bytes: number, now: number) => void) =>
        function (this: Reservation, _bytes: number, now: number) {
          shipped.call(this, 65_536, now);
        },
    ),
    killer: "R19: a client that sends byte by byte",
  },
  {
    rule: "R19",
    bug: "what is done again and again renews",
    mutation: patched(
      Reservation,
      "did",
      (shipped: (this: Reservation, what: string, now: number) => void) =>
        function (this: Reservation, what: string, now: number) {
          shipped.call(this, `${what} ${now}`, now);
        },
    ),
    killer: "R19: an input that comes again",
  },
  {
    rule: "R19",
    bug: "it is renewed for ever",
    mutation: options({ maxReservedMs: 1_000_000 }),
    killer: "R19: what its client brings",
  },
  { rule: "R20", bug: "RELEASE is not heard", mutation: of(ServerAction, "release"), killer: "R20: RELEASE ends" },
  { rule: "R20", bug: "a released upload goes on", mutation: of(IncomingBlobs, "drop"), killer: "R20: RELEASE ends" },
  { rule: "R21", bug: "no ACK", mutation: unsaid("ACK"), killer: "R21: a file that is whole" },
  {
    rule: "R21",
    bug: "all is OK",
    mutation: says((message) => (message.type === "ACK" ? { ...message, code: "OK" } : message)),
    killer: "R21: what has another digest",
  },
  {
    rule: "R22",
    bug: "MISSING is not said",
    mutation: unsaid("MISSING"),
    killer: "R22: inputs that are not in the store",
  },
  { rule: "R22", bug: "STARTED is not said", mutation: unsaid("STARTED"), killer: "R22: EXECUTE starts" },
  { rule: "R22", bug: "limits are others", mutation: options({ maxCpuSeconds: 8 }), killer: "R22: EXECUTE starts" },
  {
    rule: "R23",
    bug: "streams have no limit",
    mutation: options({ maxStreamBytes: 2 ** 40 }),
    killer: "R23: beyond maxStreamBytes",
  },
  {
    rule: "R23",
    bug: "one that is full is sent to",
    mutation: of(ServerSession, "full"),
    killer: "R23: of a connection that is full",
  },
  {
    rule: "R23",
    bug: "a stream that ended is not noticed",
    mutation: of(StreamPulls, "ended"),
    killer: "R23: both streams come",
  },
  {
    rule: "R24",
    bug: "DONE before the folder is gone",
    mutation: patched(Slots, "free", nothing),
    killer: "R24: STATUS, the outputs",
  },
  { rule: "R24", bug: "no STATUS", mutation: unsaid("STATUS"), killer: "R24: STATUS, the outputs" },
  { rule: "R24", bug: "no DONE", mutation: unsaid("DONE"), killer: "R24: STATUS, the outputs" },
  {
    rule: "R25",
    bug: "any number of outputs",
    mutation: options({ maxOutputs: 100 }),
    killer: "R25: patterns are the driver's",
  },
  {
    rule: "R25",
    bug: "outputs of any size",
    mutation: options({ maxOutputBytes: 1_000 }),
    killer: "R25: patterns are the driver's",
  },
  {
    rule: "R26",
    bug: "CANCEL kills hard at once",
    mutation: performs((outputs) =>
      outputs.map((output) => (output.type === "kill" ? { ...output, hard: true } : output)),
    ),
    killer: "R26: CANCEL is SIGTERM",
  },
  { rule: "R26", bug: "SIGKILL comes late", mutation: options({ killMs: 101 }), killer: "R26: CANCEL is SIGTERM" },
  { rule: "R26", bug: "CANCEL is not heard", mutation: of(Run, "cancel"), killer: "R26: CANCEL is answered" },
  { rule: "R26", bug: "no timeouts", mutation: endless(Run), killer: "R26, R55: a timeout" },
  { rule: "R27", bug: "a PING comes late", mutation: options({ heartbeatMs: 101 }), killer: "R27: who was not heard" },
  {
    rule: "R27",
    bug: "who is sent a PING counts as heard",
    mutation: patched(
      ServerHeartbeat,
      "pinged",
      () =>
        function (this: ServerHeartbeat, now: number) {
          this.heard(now);
        },
    ),
    killer: "R27: who was not heard",
  },
  { rule: "R27", bug: "no PONG", mutation: unsaid("PONG"), killer: "R27: a PING is answered" },
  { rule: "R29", bug: "resources cost nothing", mutation: options({ chargeMs: {} }), killer: "R29: the price" },
  { rule: "R29", bug: "all hosts are alike", mutation: options({ speed: 1_000 }), killer: "R29: the price" },
  { rule: "R29", bug: "what others do does not count", mutation: deafTo("load"), killer: "R29: busy cores" },
  {
    rule: "R42",
    bug: "any number of connections",
    mutation: options({ maxConnections: 100 }),
    killer: "R42: more than maxConnections are",
  },
  {
    rule: "R42",
    bug: "any number of one address",
    mutation: options({ maxConnectionsPerAddress: 100 }),
    killer: "R42: more than maxConnectionsPerAddress",
  },
  {
    rule: "R42",
    bug: "the store of before is not bounded",
    mutation: of(StoreIndex, "trim"),
    killer: "R42: what the store has",
  },
  { rule: "R44", bug: "any command is run", mutation: options({ allow: undefined }), killer: "R44: with patterns" },
  { rule: "R44", bug: "v1 runs any command", mutation: options({ allow: undefined }), killer: "R44: v1 runs nothing" },
  {
    rule: "R45",
    bug: "a lost client's commands go on",
    mutation: undone(({ type }) => type === "kill"),
    killer: "R45: a client that vanishes",
  },
  {
    rule: "R45",
    bug: "a lost client's folders stay",
    mutation: of(Run, "abandon"),
    killer: "R45: a client that vanishes",
  },
  {
    rule: "R45",
    bug: "what was whole is dropped",
    mutation: patched(
      Uploads,
      "end",
      (shipped: (this: Uploads, upload: { isWhole: boolean }) => void) =>
        function (this: Uploads, upload: { isWhole: boolean }) {
          shipped.call(this, upload);
          upload.isWhole = false;
        },
    ),
    killer: "R45: what was whole",
  },
  {
    rule: "R46",
    bug: "nothing goes",
    mutation: undone(({ type }) => type === "evict"),
    killer: "R46: the least recently used",
  },
  {
    rule: "R46",
    bug: "there is always room",
    mutation: patched(StoreIndex, "couldTake", () => () => true),
    killer: "R46: where all that is there",
  },
  {
    rule: "R46",
    bug: "a file goes while another is about to stand there",
    mutation: of(StoreIndex, "arriving"),
    killer: "R46: a file does not go",
  },
  {
    rule: "R46",
    bug: "what is lost is thought to be there",
    mutation: of(StoreIndex, "lost"),
    killer: "R46: a file that the store has lost",
  },
  {
    rule: "R55",
    bug: "outputs are waited for as long as it takes",
    mutation: options({ maxActionMs: 1_001 }),
    killer: "R55: who does not take",
  },
  {
    rule: "R56",
    bug: "it is never idle",
    mutation: undone(({ type }) => type === "idle"),
    killer: "R56: a server that ends",
  },
];

/** Each of these rules has a mutant. */
export const RULES: readonly string[] = [
  ...["R10", "R11", "R14", "R15", "R16", "R18", "R19", "R20", "R21", "R22", "R23", "R24", "R25", "R26", "R27"],
  ...["R29", "R42", "R44", "R45", "R46", "R55", "R56"],
];
