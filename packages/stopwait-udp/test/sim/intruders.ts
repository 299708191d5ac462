/** I5, I8 and I9: packets that do not belong, put before the machines between the steps of a transfer; and what is held. */
import fc from "fast-check";
import type { TransferInput } from "../../src/core/contract.js";
import { StopwaitServer } from "../../src/core/server.js";
import { V1Server } from "../../src/core/v1-server.js";
import { crc32cOfPacket } from "../../src/core/v2-checksum.js";
import { blockOf, FIRST_TYPE, isPacket, lengthOf, Type, writeChecksum } from "../../src/core/v2-packet.js";
import { plainPlatform } from "../plain-platform.js";
import { type Case, type Check, caseOf, cases, planOf, transferOf } from "./cases.js";
import { around, type Dialect, SERVER_PORT } from "./dialects.js";
import { SERVER } from "./plan.js";
import { PlannedWorld } from "./planned-world.js";
import type { Seat, TransferMachine } from "./transfer-node.js";
import { finishPlan } from "./transfer-world.js";

interface Intrusion {
  /** Before this event of the world. */
  readonly event: number;
  /** Which of the packets that were sent so far it is made from. */
  readonly which: number;
  /** `stranger`: as it was, from elsewhere. `damaged`: a byte is changed. `other session`: and all is right but that. */
  readonly kind: "stranger" | "damaged" | "other session" | "garbage";
  readonly byte: number;
  readonly mask: number;
  readonly garbage: Uint8Array;
}

const intrusions: fc.Arbitrary<Intrusion[]> = fc.array(
  fc.record({
    event: fc.nat(60),
    which: fc.nat(100),
    kind: fc.constantFrom("stranger", "damaged", "other session", "garbage"),
    byte: fc.nat(200),
    mask: fc.integer({ min: 1, max: 255 }),
    garbage: fc.uint8Array({ maxLength: 100 }),
  }),
  { minLength: 1, maxLength: 10 },
);

/** The packet that an intrusion hands in; undefined where there is none to make it from. */
function forge({ which, kind, byte, mask, garbage }: Intrusion, seen: readonly Uint8Array[]): Uint8Array | undefined {
  if (kind === "garbage") return garbage;
  const bytes = seen[which % Math.max(1, seen.length)]?.slice();
  if (bytes === undefined || kind === "stranger") return bytes;
  const at = kind === "damaged" ? byte % lengthOf(bytes) : 4 + (byte % 8); // the padding of a REQ is nobody's
  bytes[at] = (bytes[at] ?? 0) ^ mask;
  if (kind === "other session" && isPacket(bytes)) writeChecksum(bytes, crc32cOfPacket(bytes, lengthOf(bytes)));
  return bytes;
}

/** What a server would do from here on but for cookies, whose secrets may be replaced at any question. */
function stateOf(machine: TransferMachine, now: number): string {
  const text = machine.fingerprint?.(now) ?? "";
  return machine instanceof StopwaitServer
    ? text
        .split("\n")
        .filter((_, line, all) => line !== all.length - 2)
        .join("\n")
    : text;
}

/** Hands one forged packet to one machine. @returns what is wrong */
function intrude(end: Seat, peer: { host: string; port: number }, bytes: Uint8Array, now: number): string | undefined {
  const { machine, disk } = end;
  if ((machine.nextDeadline() ?? Number.POSITIVE_INFINITY) <= now) return undefined; // it would wake up, whoever calls
  const before = stateOf(machine, now) + disk.fingerprint();
  const outputs = machine.handle(now, { type: "datagram", from: peer, bytes: bytes.slice() });
  if (stateOf(machine, now) + disk.fingerprint() !== before) return "changed the state";
  let answered = 0;
  for (const output of outputs) {
    if (output.type === "datagram") answered += output.bytes.length;
    else if (output.type !== "served" || output.outcome !== "refused") return `made a machine do ${output.type}`;
  }
  if (answered > bytes.length) return `${bytes.length} bytes brought ${answered}`;
  return undefined;
}

const strangersChangeNothing: Check = {
  title:
    "I8, I9, S30, S40, S45, S58: what is damaged, or of another session or address, changes no state and brings no more bytes than it has",
  run({ v2 }) {
    fc.assert(
      fc.property(
        cases({ kinds: ["drop", "duplicate", "delay"], maxTransfers: 2 }),
        fc.nat(),
        intrusions,
        (one, seed, list) => {
          intrudeUpon(one, seed, list, v2);
        },
      ),
    );
  },
};

function intrudeUpon(one: Case, seed: number, list: readonly Intrusion[], dialect: Dialect): void {
  const plan = planOf(one, seed);
  const wrong: string[] = [];
  const run = new PlannedWorld(plan, dialect, true, ({ world, server, clients }) => {
    const seen = world.trace.flatMap((event) => (event.type === "datagram-sent" ? [event.bytes] : []));
    for (const intrusion of list.filter(({ event }) => event === world.events)) {
      const bytes = forge(intrusion, seen);
      if (bytes === undefined || (bytes[0] ?? 0) < FIRST_TYPE) continue; // v1 has no checksum, and is looked at elsewhere
      const { kind, byte } = intrusion;
      const [transfer] = one.transfers;
      const client = {
        host: kind === "stranger" ? "eve" : (transfer?.node ?? ""),
        port: kind === "stranger" ? 1 + byte : (transfer?.port ?? 0),
      };
      const from = kind === "stranger" ? client : { host: SERVER, port: SERVER_PORT };
      const ends = [[server, client], ...clients.map((end) => [end, from] as const)] as const;
      for (const [end, peer] of ends) {
        const fault = intrude(end, peer, bytes, world.now);
        if (fault !== undefined) wrong.push(`${kind} (0x${bytes[0]?.toString(16)}) at port ${end.port}: ${fault}`);
      }
    }
  });
  const { violations } = finishPlan(run, plan, dialect);
  if (wrong.length + violations.length > 0) throw new Error([...wrong, ...violations].join("; "));
}

const noStateBeforeCookie: Check = {
  title:
    "I5, I8, S45: questions of addresses that never answer the challenge leave nothing, and bring no more bytes than they have",
  run({ v2 }) {
    // A REQ as a client sends it, and again with a cookie that was given to somebody else.
    const run = new PlannedWorld(planOf(caseOf([transferOf(0, "put", 100)]), 1), v2, true);
    run.world.run({ until: ({ counts }) => counts.datagramsSent >= 4 });
    const requests = run.world.trace.flatMap((event) =>
      event.type === "datagram-sent" && event.bytes[0] === Type.REQ ? [event.bytes] : [],
    );
    if (requests.length !== 2) throw new Error(`${requests.length} REQ in place of two`);
    const { machine, disk } = v2.server({}, plainPlatform("flood"), planOf(caseOf([]), 1));
    for (let index = 0; index < 500; index++) {
      const from = { host: `10.0.0.${index % 250}`, port: 1 + index };
      for (const bytes of requests) {
        const outputs = machine.handle(index, { type: "datagram", from, bytes: bytes.slice() });
        const sizes = outputs.map((output) => (output.type === "datagram" ? output.bytes.length : Number.NaN));
        if (!(sizes.length === 1 && (sizes[0] ?? 0) <= bytes.length))
          throw new Error(`${bytes.length} bytes brought ${sizes}`);
      }
    }
    const sessions = machine instanceof StopwaitServer ? machine.liveSessions + machine.v2.memories : Number.NaN;
    if (sessions + disk.counts.size !== 0) throw new Error("something is kept");
    if (machine.nextDeadline() !== undefined) throw new Error("a timer runs");
  },
};

const sessionLimit: Check = {
  title: "I5, S27, S44: never more sessions than the limit, however many ask",
  run({ v1, v2 }) {
    for (const dialect of [v1, v2]) {
      const transfers = Array.from({ length: 6 }, (_, index) =>
        transferOf(index, index % 2 === 0 ? "get" : "put", 200),
      );
      let most = 0;
      const plan = planOf(caseOf(transfers), 1);
      const run = new PlannedWorld(plan, dialect, false, ({ server: { machine } }) => {
        if (machine instanceof StopwaitServer || machine instanceof V1Server)
          most = Math.max(most, machine.liveSessions);
      });
      run.run();
      if (most !== 2) throw new Error(`${most} sessions at once where 2 are the limit`);
    }
  },
};

/** Bytes of its file that a machine is bound not to exceed: a window and a block, and two chunks of 64 KiB read ahead. */
const CHUNK_BYTES = 65_536;

const memoryBound: Check = {
  title: "I5, S51: what waits for the disk is a window and a block at most, what is read ahead two chunks",
  run({ v2 }) {
    const [window, blockBytes] = [8, 1_376];
    for (const operation of ["get", "put"] as const) {
      for (const diskMs of [0, 30]) {
        const watched = around(v2, {
          server: (machine) => new HeldBytes(machine, operation === "put", window * blockBytes, blockBytes),
          client: (machine) => new HeldBytes(machine, operation === "get", window * blockBytes, blockBytes),
        });
        const one = { ...caseOf([transferOf(0, operation, 300_000)], [], window), diskMs };
        const faults = [5, 40, 41, 90].map((index) => ({ type: "drop", from: "client-0", to: SERVER, index }) as const);
        const plan = planOf({ ...one, faults }, 1, blockBytes);
        const { endings } = finishPlan(new PlannedWorld(plan, watched, false), plan, watched);
        if (endings[0] !== "success") throw new Error(`ended in ${endings}`);
      }
    }
  },
};

/** Counts the bytes of the file that a machine must hold: handed to the disk and not written, or read and not acknowledged. */
class HeldBytes implements TransferMachine {
  readonly #machine: TransferMachine;
  readonly #isReceiver: boolean;
  readonly #windowBytes: number;
  readonly #blockBytes: number;
  readonly #writing = new Map<number, number>();
  #acknowledged = 0;

  constructor(machine: TransferMachine, isReceiver: boolean, windowBytes: number, blockBytes: number) {
    this.#machine = machine;
    this.#isReceiver = isReceiver;
    this.#windowBytes = windowBytes;
    this.#blockBytes = blockBytes;
  }

  handle(now: number, input: TransferInput): ReturnType<TransferMachine["handle"]> {
    if (input.type === "part-written") this.#writing.delete(input.id);
    const isAck = input.type === "datagram" && input.bytes[0] === Type.ACK;
    if (isAck && !this.#isReceiver) this.#acknowledged = Math.max(this.#acknowledged, blockOf(input.bytes));
    const outputs = this.#machine.handle(now, input);
    for (const output of outputs) {
      if (output.type === "write-part") this.#writing.set(output.id, output.bytes.length);
      if (output.type !== "read-source") continue;
      const ahead = output.offset + output.length - this.#acknowledged * this.#blockBytes;
      if (ahead > 2 * CHUNK_BYTES + this.#windowBytes) throw new Error(`${ahead} bytes are read ahead`);
    }
    const waiting = [...this.#writing.values()].reduce((sum, length) => sum + length, 0);
    if (waiting > this.#windowBytes + this.#blockBytes) throw new Error(`${waiting} bytes wait for the disk`);
    return outputs;
  }

  nextDeadline(): number | undefined {
    return this.#machine.nextDeadline();
  }
}

export const intruderChecks: readonly Check[] = [strangersChangeNothing, noStateBeforeCookie, memoryBound];

/** By servers with `maxSessions` 2. */
export const limitCheck: Check = sessionLimit;
