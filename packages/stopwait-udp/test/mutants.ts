/**
 * Our machines with one rule changed, each: the shipped classes with a method replaced for as long as the mutant lives,
 * or a machine with something around it. Every check of `sim/` must be passed without them, and one must fail with each.
 */
import type { TransferInput } from "../src/core/contract.js";
import { Cookies } from "../src/core/cookie.js";
import { PartBlocks } from "../src/core/part-blocks.js";
import { SendWindow } from "../src/core/send-window.js";
import { Tombstones } from "../src/core/tombstones.js";
import { V1Receiver } from "../src/core/v1-receiver.js";
import { V1Sender } from "../src/core/v1-sender.js";
import { V1Session } from "../src/core/v1-session.js";
import { crc32cOfPacket } from "../src/core/v2-checksum.js";
import {
  checksumOf,
  counterOf,
  isPacket,
  lengthOf,
  payloadOf,
  Type,
  writeChecksum,
  writeUint16,
} from "../src/core/v2-packet.js";
import { decodeAccepted } from "../src/core/v2-request.js";
import type { Protocols } from "./sim/cases.js";
import { around, type Dialect } from "./sim/dialects.js";
import type { TransferMachine } from "./sim/transfer-node.js";

export interface Mutant {
  readonly name: string;
  /** The rule that it breaks. */
  readonly rule: string;
  /** Runs something while the rule is broken. */
  live(protocols: Protocols, during: (protocols: Protocols) => void): void;
}

type Outputs = ReturnType<TransferMachine["handle"]>;

/** A machine whose `handle` is another function, which may ask the real one. */
function handling(machine: TransferMachine, handle: (now: number, input: TransferInput) => Outputs): TransferMachine {
  // The prototype is the real machine, so that whoever looks at it still finds all that it is.
  const getters = ["liveSessions", "v1", "v2", "memories", "statistics", "resumeKey", "etag"] as const;
  const changed = Object.create(Object.getPrototypeOf(machine)) as TransferMachine & Record<string, unknown>;
  for (const name of getters) {
    Object.defineProperty(changed, name, { get: () => (machine as unknown as Record<string, unknown>)[name] });
  }
  Object.defineProperty(changed, "handle", { value: handle, configurable: true });
  Object.defineProperty(changed, "nextDeadline", {
    value: () => machine.nextDeadline(),
    configurable: true,
  });
  Object.defineProperty(changed, "fingerprint", { value: (now: number) => machine.fingerprint?.(now) });
  return changed;
}

/** A method of a class, replaced. @param make gets the real one */
function method<Class extends object, Name extends keyof Class>(
  rule: string,
  name: string,
  target: { readonly prototype: Class },
  key: Name,
  make: (real: Class[Name]) => Class[Name],
): Mutant {
  return {
    name,
    rule,
    live(protocols, during) {
      const { prototype } = target;
      const real = prototype[key];
      prototype[key] = make(real);
      try {
        during(protocols);
      } finally {
        prototype[key] = real;
      }
    },
  };
}

function wrapped(rule: string, name: string, change: (dialect: Dialect) => Dialect): Mutant {
  return { name, rule, live: ({ v1, v2 }, during) => during({ v1: change(v1), v2: change(v2) }) };
}

const isOf = (input: TransferInput, type: number): input is Extract<TransferInput, { type: "datagram" }> =>
  input.type === "datagram" && input.bytes[0] === type;

const [LETTER_A, LETTER_D] = [65, 68];

export const mutants: readonly Mutant[] = [
  method(
    "S7",
    "v1: the receiver looks at the bit alone",
    V1Receiver,
    "offer",
    (real) =>
      function (this: V1Receiver, number, length) {
        const next = this.written + 1;
        return real.call(this, number % 2 === next % 2 ? next : number, length);
      },
  ),
  method(
    "S8",
    "v1: the sender takes any acknowledgement with the right bit",
    V1Sender,
    "acknowledge",
    (real) =>
      function (this: V1Sender, number) {
        return real.call(this, number % 2 === this.outstanding % 2 ? this.outstanding : number);
      },
  ),
  method(
    "S18",
    "v1: a late request opens the session anew",
    V1Session,
    "yieldsTo",
    () => (packet) => packet.type === "get" || packet.type === "put",
  ),
  method(
    "S22",
    "v1: a request of the same name starts anew once the transfer is over",
    V1Session,
    "yieldsTo",
    () =>
      function (this: V1Session, packet) {
        return (packet.type === "get" || packet.type === "put") && this.isOver;
      },
  ),
  method(
    "S7",
    "v1: a block after a short one is new",
    V1Receiver,
    "wrote",
    (real) =>
      function (this: V1Receiver) {
        real.call(this);
        real.call(this);
      },
  ),
  wrapped("S11", "v1: the client answers a repeated block at once, as the server does", (dialect) =>
    around(dialect, {
      client(machine) {
        let last: Outputs = [];
        return handling(machine, (now, input) => {
          const outputs = machine.handle(now, input);
          const acks = outputs.filter((output) => output.type === "datagram" && output.bytes[0] === LETTER_A);
          if (acks.length > 0) last = acks;
          return isOf(input, LETTER_D) && outputs.length === 0 ? last : outputs;
        });
      },
    }),
  ),
  wrapped("S14, S39", "a PUT that is not confirmed is a success", (dialect) =>
    around(dialect, {
      client: (machine) =>
        handling(machine, (now, input) =>
          machine.handle(now, input).map((output) => {
            if (output.type !== "finished" || output.outcome.type !== "unknown") return output;
            return { type: "finished", outcome: { type: "success", bytes: 0, sha256: new Uint8Array(32) } } as const;
          }),
        ),
    }),
  ),
  wrapped("S35", "the server answers everything twice", (dialect) =>
    around(dialect, {
      server: (machine) =>
        handling(machine, (now, input) => {
          const outputs = machine.handle(now, input);
          return [...outputs, ...outputs.filter(({ type }) => type === "datagram")];
        }),
    }),
  ),
  wrapped("S17, S44", "the server never forgets", (dialect) =>
    around(dialect, {
      server: (machine) => {
        const forever = handling(machine, (now, input) => (input.type === "tick" ? [] : machine.handle(now, input)));
        Object.defineProperty(forever, "nextDeadline", { value: () => undefined });
        return forever;
      },
    }),
  ),
  method(
    "S51",
    "v2: the receiver looks at the lowest bit of a block's number alone",
    PartBlocks,
    "take",
    (real) =>
      function (this: PartBlocks, block, ...rest) {
        const isSame = block % 2 === this.accepted % 2 && block <= this.count;
        return real.call(this, isSame ? this.accepted : block, ...rest);
      },
  ),
  {
    name: "v2: what the digest of FIN says is not compared",
    rule: "S38",
    live({ v1, v2 }, during) {
      let said: Uint8Array | undefined;
      const listening = (machine: TransferMachine): TransferMachine =>
        handling(machine, (now, input) => {
          if (isOf(input, Type.FIN)) said = payloadOf(input.bytes).slice();
          return machine.handle(now, input);
        });
      const credulous = method(
        "",
        "",
        PartBlocks,
        "digest",
        (real) =>
          function (this: PartBlocks) {
            return said ?? real.call(this);
          },
      );
      credulous.live({ v1, v2: around(v2, { server: listening, client: listening }) }, during);
    },
  },
  method("S44", "v2: nothing is remembered of a session that has ended", Tombstones, "add", () => () => {}),
  {
    name: "v2: a cookie is good from any address",
    rule: "S45",
    live(protocols, during) {
      const anybody = { host: "", port: 0 };
      const issued = method(
        "",
        "",
        Cookies,
        "issue",
        (real) =>
          function (this: Cookies, now, _address, session) {
            return real.call(this, now, anybody, session);
          },
      );
      const taken = method(
        "",
        "",
        Cookies,
        "isValid",
        (real) =>
          function (this: Cookies, now, _address, session, cookie) {
            return real.call(this, now, anybody, session, cookie);
          },
      );
      issued.live(protocols, (once) => taken.live(once, during));
    },
  },
  method("S45", "v2: any cookie will do", Cookies, "isValid", () => () => true),
  wrapped("S36", "v2: the server acts on an ACK whatever its counter is", (dialect) =>
    around(dialect, {
      server(machine) {
        const newest = new Map<string, number>();
        return handling(machine, (now, input) => {
          if (!isOf(input, Type.ACK) || !isPacket(input.bytes)) return machine.handle(now, input);
          const { host, port } = input.from;
          const counter = Math.max(counterOf(input.bytes), (newest.get(`${host} ${port}`) ?? 0) + 1);
          newest.set(`${host} ${port}`, counter);
          const bytes = input.bytes.slice();
          if (crc32cOfPacket(bytes, lengthOf(bytes)) !== checksumOf(bytes)) return machine.handle(now, input);
          writeUint16(bytes, 16, counter);
          writeChecksum(bytes, crc32cOfPacket(bytes, lengthOf(bytes)));
          return machine.handle(now, { ...input, bytes });
        });
      },
    }),
  ),
  method(
    "S36",
    "v2: the sender goes back at every acknowledgement",
    SendWindow,
    "acknowledge",
    (real) =>
      function (this: SendWindow, next, sack) {
        const acknowledged = real.call(this, next, sack);
        if (acknowledged !== undefined) this.rewind();
        return acknowledged;
      },
  ),
  method(
    "S36",
    "v2: the sender takes acknowledgements of what it never sent",
    SendWindow,
    "acknowledge",
    (real) =>
      function (this: SendWindow, next, sack) {
        return real.call(this, Math.max(this.base, Math.min(next + 1, this.count)), sack);
      },
  ),
  wrapped("S47", "v2: a client goes on behind a part that it did not compare", (dialect) =>
    around(dialect, {
      client(machine) {
        let prefix: Uint8Array | undefined;
        return handling(machine, (now, input) => {
          if (isOf(input, Type.ACCEPT)) prefix = prefixOf(input.bytes) ?? prefix;
          if (input.type !== "prefix-hashed" || prefix === undefined) return machine.handle(now, input);
          const { sha256 } = input;
          const claimed = prefix;
          const lying = {
            update: (bytes: Uint8Array) => sha256.update(bytes),
            copy: () => ({ ...lying, digest: () => claimed }),
            digest: () => sha256.digest(),
          };
          return machine.handle(now, { ...input, sha256: lying });
        });
      },
    }),
  ),
];

function prefixOf(packet: Uint8Array): Uint8Array | undefined {
  try {
    return decodeAccepted(payloadOf(packet)).prefixDigest;
  } catch {
    return undefined;
  }
}
