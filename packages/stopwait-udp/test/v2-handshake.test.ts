import { describe, expect, it } from "vitest";
import { Cookies } from "../src/core/cookie.js";
import { type Address, V2GetClient, V2PutClient, V2Server } from "../src/core/index.js";
import { crc32cOfPacket } from "../src/core/v2-checksum.js";
import { Code } from "../src/core/v2-codes.js";
import { encodePacket, lengthOf, payloadOf, Type, typeOf, uint16At } from "../src/core/v2-packet.js";
import { encodeRequest } from "../src/core/v2-request.js";
import { MemoryDisk } from "./memory-disk.js";
import { plainPlatform } from "./plain-platform.js";
import { bytes, freshAddress, get, put, scene } from "./v2-transfers.js";
import { type Channel, SERVER } from "./v2-world.js";

const SESSION = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8);
const PEER: Address = { host: "10.0.0.1", port: 4_000 };
const LOCAL: Address = { host: "127.0.0.1", port: 4_000 };
const get3 = { operation: "get", name: "a", blockBytes: 76, window: 1, checksums: ["crc32c"] } as const;

function packet(
  type: number,
  counter: number,
  payload: Uint8Array = new Uint8Array(),
  least = 0,
  session = SESSION,
): Uint8Array {
  return encodePacket(session, { type, counter }, payload, crc32cOfPacket, least);
}

function request(extra: object = {}, least = 64, session = SESSION): Uint8Array {
  return packet(Type.REQ, 1, encodeRequest({ ...get3, ...extra }, session), least, session);
}

interface Wish {
  readonly name?: string;
  readonly secret?: Uint8Array;
  readonly overwrite?: boolean;
}

/** A server on its own, with the datagrams that it sends. */
function server(options: object = {}) {
  const disk = new MemoryDisk({ files: { a: bytes(200) } });
  const machine = new V2Server({ platform: plainPlatform("server"), ...options });
  const give = (now: number, from: Address, datagram: Uint8Array): Uint8Array[] => {
    const sent: Uint8Array[] = [];
    const outputs = machine.handle(now, { type: "datagram", from, bytes: datagram });
    for (let output = outputs.shift(); output !== undefined; output = outputs.shift()) {
      if (output.type === "datagram") sent.push(output.bytes.slice());
      else if (output.type !== "served") {
        const result = disk.perform(output);
        if (result !== undefined) outputs.push(...machine.handle(now, result));
      }
    }
    return sent;
  };
  return { machine, disk, give };
}

function code(answer: Uint8Array | undefined): number | undefined {
  if (answer === undefined || typeOf(answer) !== Type.ERR) return undefined;
  return payloadOf(answer).length < 2 ? Code.NO_SESSION : uint16At(payloadOf(answer), 0);
}

describe("address validation", () => {
  it("S45: an address that is not loopback gets a challenge of 60 bytes, and the server keeps nothing", () => {
    const { give, machine } = server();
    const [challenge, ...more] = give(0, PEER, request());
    expect(more).toEqual([]);
    expect([typeOf(challenge as Uint8Array), challenge?.length]).toEqual([Type.CHALLENGE, 60]);
    expect([machine.liveSessions, machine.nextDeadline()]).toEqual([0, undefined]);
    const [accept] = give(10, PEER, request({ cookie: payloadOf(challenge as Uint8Array) }));
    expect(typeOf(accept as Uint8Array)).toBe(Type.ACCEPT);
  });

  it("S45: no unvalidated address gets more bytes than it sent, whatever it sends", () => {
    const { give, machine } = server();
    const questions = [
      request({}, 0),
      request({ cookie: new Uint8Array(36) }),
      request({ name: "x".repeat(1_000) }),
      packet(Type.REQ, 1, Uint8Array.of(9), 64),
      ...[Type.DATA, Type.ACK, Type.FIN, Type.FINACK, Type.ERR, Type.CHALLENGE, Type.ACCEPT].map((type) =>
        packet(type, 1),
      ),
      new Uint8Array(),
      Uint8Array.of(0xa0),
    ];
    for (const question of questions) {
      const answers = give(0, PEER, question);
      expect(answers.length).toBeLessThanOrEqual(1);
      expect(answers[0]?.length ?? 0).toBeLessThanOrEqual(question.length);
    }
    expect(give(0, PEER, request({}, 0)), "a REQ that is not padded").toEqual([]);
    expect(machine.liveSessions).toBe(0);
  });

  it("S45: loopback addresses are not challenged", () => {
    expect(typeOf(server().give(0, LOCAL, request())[0] as Uint8Array)).toBe(Type.ACCEPT);
  });

  it("S45: a cookie is good for 30 s, for its address, port and session alone, through one rotation of secrets", () => {
    const cookies = new Cookies(plainPlatform(), 30_000);
    const isValid = (now: number, cookie: Uint8Array, from = PEER, session = SESSION): boolean =>
      cookies.isValid(now, from, session, cookie);
    const early = cookies.issue(0, PEER, SESSION);
    const cookie = cookies.issue(29_000, PEER, SESSION);
    expect(isValid(30_000, early)).toBe(true);
    expect(isValid(30_001, early), "too old").toBe(false);
    expect(isValid(59_000, cookie), "after a rotation").toBe(true);
    expect(isValid(59_001, cookie), "too old").toBe(false);
    const fresh = cookies.issue(100_000, PEER, SESSION);
    expect(isValid(100_000, fresh)).toBe(true);
    expect(isValid(100_000, fresh, { ...PEER, port: 4_001 })).toBe(false);
    expect(isValid(100_000, fresh, { ...PEER, host: "10.0.0.2" })).toBe(false);
    expect(isValid(100_000, fresh, PEER, Uint8Array.of(0, 2, 3, 4, 5, 6, 7, 8))).toBe(false);
    for (let at = 0; at < fresh.length; at++) {
      const forged = fresh.slice();
      forged[at] = (forged[at] ?? 0) ^ 1;
      expect(isValid(100_000, forged)).toBe(false);
    }
    expect(new Cookies(plainPlatform(2), 30_000).isValid(100_000, PEER, SESSION, fresh), "another server's").toBe(
      false,
    );
  });

  it("S35, S45: a CHALLENGE that comes twice is followed once", () => {
    const channel: Channel = ({ bytes: sent }) =>
      typeOf(sent) === Type.CHALLENGE ? [{ afterMs: 10 }, { afterMs: 12 }] : [{ afterMs: 10 }];
    const here = scene({ a: bytes(10) }, {}, { channel });
    get(here, "a");
    here.world.run();
    expect(here.world.count(Type.REQ)).toBe(2);
  });

  it("S43: at most four challenges are followed", () => {
    const here = scene();
    const never = { issue: () => new Uint8Array(36) };
    const address = freshAddress(here);
    const client = get(here, "a", {}, undefined, address);
    let challenges = 0;
    here.world.add(
      SERVER,
      {
        handle: (_now, input) => {
          if (input.type !== "datagram") return [];
          challenges++;
          const answer = encodePacket(
            input.bytes.slice(4, 12),
            { type: Type.CHALLENGE, counter: uint16At(input.bytes, 16) },
            never.issue(),
            crc32cOfPacket,
          );
          return [{ type: "datagram", to: input.from, bytes: answer }];
        },
        nextDeadline: () => undefined,
      },
      new MemoryDisk(),
    );
    here.world.run();
    expect(client.outcome()).toMatchObject({ type: "failed", code: "protocol" });
    expect(challenges).toBe(5);
  });
});

describe("who is let in", () => {
  const secret = Uint8Array.of(7, 7, 7);
  const strict = { insecureWrite: false, secret };

  it.each([
    ["with the secret", strict, { secret }, "success"],
    ["with another secret", strict, { secret: Uint8Array.of(7, 7, 8) }, "denied"],
    ["without a secret", strict, {}, "denied"],
    ["with a secret that the server has not", { insecureWrite: false }, { secret }, "denied"],
    ["to a server that takes all", { insecureWrite: true }, {}, "success"],
    ["to a server that is read-only", { writable: false, secret }, { secret }, "denied"],
  ])("S46: a PUT %s", (_, serverOptions, clientOptions, expected) => {
    const here = scene({}, serverOptions);
    const { outcome } = put(here, "a", bytes(10), clientOptions);
    here.world.run();
    const end = outcome();
    expect(end?.type === "failed" ? end.code : end?.type).toBe(expected);
    expect(here.disk.names).toEqual(expected === "success" ? ["a"] : []);
  });

  it("S46: an authenticated REQ cannot be used from another address, nor its parts recombined", () => {
    const here = scene({}, strict);
    put(here, "a", bytes(10), { secret });
    here.world.run({ done: () => here.server.liveSessions > 0 });
    const authentic = here.world.sent.filter((one) => typeOf(one.bytes) === Type.REQ).at(-1)?.bytes as Uint8Array;
    const before = here.server.liveSessions;
    const [answer] = here.server.handle(here.world.now, { type: "datagram", from: PEER, bytes: authentic });
    expect(answer?.type === "datagram" && typeOf(answer.bytes)).toBe(Type.CHALLENGE);
    expect(here.server.liveSessions).toBe(before);
  });

  it("S46: what is refused before the disk is asked is reported, too", () => {
    const here = scene({}, { insecureWrite: false, secret: bytes(16) });
    put(here, "a", bytes(10), { secret: bytes(16, 2) });
    here.world.run();
    expect(here.world.served).toMatchObject([{ operation: "put", name: "a", outcome: "refused", code: "denied" }]);
  });

  const refusals: readonly (readonly [string, object, Wish, RegExp])[] = [
    ["takes nothing", { writable: false }, {}, /takes no files$/],
    ["has a secret, which was not given", { insecureWrite: false, secret: bytes(16) }, {}, /only with its secret$/],
    [
      "has another secret",
      { insecureWrite: false, secret: bytes(16) },
      { secret: bytes(16, 2) },
      /the secret is not that of this server$/,
    ],
    [
      "replaces nothing",
      { overwrite: false },
      { overwrite: true },
      /the name is taken, and this server replaces no files$/,
    ],
    ["may replace", { overwrite: true }, {}, /: the name is taken$/],
    ["takes small files only", { maxFileBytes: 3 }, { name: "b" }, /the file is too large$/],
    ["has no such folder", {}, { name: "b/c" }, /there is no folder/],
  ];
  it.each(refusals)("S34: a refusal says why: a server that %s", (_, serverOptions, wish, message) => {
    const { name = "a", ...more } = wish;
    const here = scene({ a: bytes(5) }, serverOptions);
    const { outcome } = put(here, name, bytes(10), more);
    here.world.run();
    expect(outcome()).toMatchObject({ type: "failed", message: expect.stringMatching(/^the server says: /) });
    expect(outcome()).toMatchObject({ message: expect.stringMatching(message) });
  });

  it("S46: loopback needs no authentication, a read-only server takes nothing from there either", () => {
    const wanted = { operation: "put", name: "b", size: 1 };
    expect(typeOf(server({ writable: true }).give(0, LOCAL, request(wanted))[0] as Uint8Array)).toBe(Type.ACCEPT);
    expect(code(server().give(0, LOCAL, request(wanted))[0])).toBe(Code.DENIED);
  });

  it.each(["../a", "/etc/passwd", "a\0b", ".stopwait-parts/x", "nothing"])("S34: %j is not found", (name) => {
    expect(code(server().give(0, LOCAL, request({ name }))[0])).toBe(Code.NOT_FOUND);
  });

  it("S34: no overwrite unless both sides say so; too large is refused", () => {
    for (const [may, asks] of [
      [true, false],
      [false, true],
      [true, true],
    ] as const) {
      const here = scene({ a: bytes(5) }, { overwrite: may });
      const { outcome } = put(here, "a", bytes(10), { overwrite: asks });
      here.world.run();
      if (may && asks) expect(outcome()).toMatchObject({ type: "success" });
      else expect(outcome()).toMatchObject({ type: "failed", code: "exists" });
      expect(here.disk.read("a")).toEqual(bytes(may && asks ? 10 : 5));
    }
    const small = server({ maxFileBytes: 199 });
    expect(code(small.give(0, LOCAL, request())[0])).toBe(Code.TOO_LARGE);
    const huge = server({ writable: true });
    const put76 = { operation: "put", name: "b", blockBytes: 1, size: 2 ** 32 };
    expect(code(huge.give(0, LOCAL, request(put76))[0])).toBe(Code.TOO_LARGE);
    expect(typeOf(huge.give(0, LOCAL, request({ ...put76, size: 2 ** 32 - 1 }))[0] as Uint8Array)).toBe(Type.ACCEPT);
  });

  it("S33, S32: the server lowers what it must, and takes no `none` from elsewhere", () => {
    const { give } = server({ maxBlockBytes: 100, maxWindow: 4 });
    const [accept] = give(0, LOCAL, request({ blockBytes: 1_376, window: 9, checksums: ["none", "crc32c"] }));
    const hex = Buffer.from(payloadOf(accept as Uint8Array)).toString("hex");
    expect(hex.startsWith("0300020064" + "0400020004" + "0d000103")).toBe(true);
    const far = server();
    const challenge = far.give(0, PEER, request())[0] as Uint8Array;
    const cookie = payloadOf(challenge);
    expect(code(far.give(0, PEER, request({ cookie, checksums: ["none"] }))[0])).toBe(Code.BAD_REQUEST);
    const [granted] = far.give(0, PEER, request({ cookie, checksums: ["none", "crc32"] }));
    expect(Buffer.from(payloadOf(granted as Uint8Array)).toString("hex")).toContain("0d000102");
  });

  it.each(["crc32c", "crc32", "none"] as const)("S32: a transfer with %s in both directions", (checksum) => {
    const here = scene({ a: bytes(500) }, { trusts: () => true });
    const fetched = get(here, "a", { checksums: [checksum], blockBytes: 76 });
    const stored = put(here, "b", bytes(500), { checksums: [checksum], blockBytes: 76 });
    here.world.run();
    expect([fetched.outcome()?.type, stored.outcome()?.type]).toEqual(["success", "success"]);
  });

  it.each([
    ["a larger block", { blockBytes: 77 }],
    ["a wider window", { window: 2 }],
    ["a checksum nobody offered", { checksum: "none" as const }],
    ["an offset nobody asked for", { offset: 5 }],
    ["no size", { size: undefined }],
  ])("S33: a client fails on an ACCEPT with %s", async (_, wrong) => {
    const { encodeAccepted } = await import("../src/core/v2-request.js");
    const client = new V2GetClient({
      server: SERVER,
      remoteName: "a",
      localName: "a",
      platform: plainPlatform(),
      blockBytes: 76,
    });
    client.handle(0, { type: "tick" });
    const [req] = client.handle(0, { type: "part-opened", id: 1, length: 0 });
    const sent = req?.type === "datagram" ? req.bytes : new Uint8Array();
    const right = { blockBytes: 76, window: 1, checksum: "crc32c" as const, offset: 0, size: 10, etag: "e" };
    const accept = packet(Type.ACCEPT, 1, encodeAccepted({ ...right, ...wrong }), 0, sent.slice(4, 12));
    const outputs = client.handle(1, { type: "datagram", from: SERVER, bytes: accept });
    expect(outputs.at(-1)).toMatchObject({ outcome: { type: "failed", code: "protocol" } });
  });
});

describe("sessions and tombstones", () => {
  it("S40: a packet from another address or port, or of another session, changes nothing", () => {
    const { give, machine } = server();
    give(0, LOCAL, request());
    const before = machine.fingerprint(0);
    const ack = encodePacket(SESSION, { type: Type.ACK, counter: 2, credit: 1 }, new Uint8Array(), crc32cOfPacket);
    for (const from of [
      { ...LOCAL, port: 4_001 },
      { ...LOCAL, host: "127.0.0.2" },
    ]) {
      const [answer, ...more] = give(0, from, ack);
      expect(more).toEqual([]);
      expect([code(answer), answer?.length]).toEqual([Code.NO_SESSION, 24]);
    }
    for (let at = 0; at < ack.length; at++) {
      const damaged = ack.slice();
      damaged[at] = (damaged[at] ?? 0) ^ 0x10;
      const [answer] = give(0, LOCAL, damaged);
      expect(answer === undefined || code(answer) === Code.NO_SESSION, `byte ${at}`).toBe(true);
    }
    expect(machine.fingerprint(0)).toBe(before);
    expect(typeOf(give(0, LOCAL, ack)[0] as Uint8Array)).toBe(Type.DATA);
  });

  it("S40, S47: a PUT with the session id of a live one, from another port, does not touch its part", () => {
    const { give, machine } = server({ writable: true });
    const wanted = { operation: "put", name: "b", size: 10 };
    expect(typeOf(give(0, LOCAL, request(wanted))[0] as Uint8Array)).toBe(Type.ACCEPT);
    const before = machine.fingerprint(0);
    expect(code(give(0, { ...LOCAL, port: 4_001 }, request(wanted))[0])).toBe(Code.HELD);
    expect(machine.fingerprint(0)).toBe(before);
  });

  it("S40: what only servers send, ERR and FINACK of an unknown session are not answered", () => {
    const { give } = server();
    for (const type of [Type.CHALLENGE, Type.ACCEPT, Type.FINACK, Type.ERR])
      expect(give(0, LOCAL, packet(type, 1))).toEqual([]);
    for (const type of [Type.DATA, Type.ACK, Type.FIN])
      expect(code(give(0, LOCAL, packet(type, 1))[0])).toBe(Code.NO_SESSION);
  });

  it("S40: a client takes packets from its server alone", () => {
    const here = scene({ a: bytes(10) });
    const { address, client } = get(here, "a");
    here.world.run({ done: () => here.world.sent.length > 1 });
    const challenge = here.world.sent[1]?.bytes as Uint8Array;
    const before = client.fingerprint(here.world.now);
    here.world.give(address, { type: "datagram", from: { ...SERVER, port: 1 }, bytes: challenge });
    here.world.give(address, { type: "datagram", from: { ...SERVER, host: "other" }, bytes: challenge });
    expect(client.fingerprint(here.world.now)).toBe(before);
  });

  it("S44: a tombstone answers a late FIN with the result for 90 s, and a REQ or DATA not at all", () => {
    const here = scene();
    const { address, outcome } = put(here, "a", bytes(100), { blockBytes: 76 });
    here.world.run({ done: () => outcome() !== undefined });
    const sent = (type: number): Uint8Array =>
      here.world.sent.filter((one) => one.from === address && typeOf(one.bytes) === type).at(-1)?.bytes as Uint8Array;
    const give = (type: number) =>
      here.server.handle(here.world.now, { type: "datagram", from: address, bytes: sent(type) });
    const end = here.server.nextDeadline() as number;
    expect(end - here.world.now).toBe(90_000 - 10);
    const [again] = give(Type.FIN);
    expect(again?.type === "datagram" && [typeOf(again.bytes), ...payloadOf(again.bytes)]).toEqual([Type.FINACK, 0]);
    expect([...give(Type.REQ), ...give(Type.DATA)]).toEqual([]);
    expect(here.disk.counts.get("commit-part")).toBe(1);
    here.world.run();
    expect([here.world.now, here.server.memories]).toEqual([end, 0]);
    const [late] = give(Type.FIN);
    expect(late?.type === "datagram" && code(late.bytes)).toBe(Code.NO_SESSION);
  });

  it("S44: a silent session is forgotten after 30 s, its part kept; its late packets are told so", () => {
    const here = scene({}, {}, { channel: ({ index }) => (index < 8 ? [{ afterMs: 10 }] : []) });
    const { outcome, address } = put(here, "a", bytes(1_000), { blockBytes: 76 });
    here.world.run({ done: () => here.world.served.length > 0 });
    expect(here.world.served).toMatchObject([{ outcome: "abandoned", code: "silence", bytes: 152 }]);
    expect(here.disk.partKeys.length).toBe(1);
    const data = here.world.sent.filter((one) => typeOf(one.bytes) === Type.DATA).at(-1)?.bytes as Uint8Array;
    const [answer] = here.server.handle(here.world.now, { type: "datagram", from: address, bytes: data });
    expect(answer?.type === "datagram" && code(answer.bytes)).toBe(Code.GONE);
    here.world.run();
    expect(outcome()).toMatchObject({ type: "failed", code: "timeout" });
  });

  it("S44: a full table refuses new sessions and evicts nothing", () => {
    for (const limit of [{ maxSessions: 1 }, { maxTombstones: 1 }]) {
      const { give, machine } = server(limit);
      expect(typeOf(give(0, LOCAL, request())[0] as Uint8Array)).toBe(Type.ACCEPT);
      const other = Uint8Array.of(8, 8, 8, 8, 8, 8, 8, 8);
      expect(code(give(0, LOCAL, request({}, 64, other))[0])).toBe(Code.BUSY);
      machine.handle(30_000, { type: "tick" });
      expect([machine.liveSessions, machine.memories]).toEqual([0, 1]);
      const expected = "maxSessions" in limit ? undefined : Code.BUSY;
      expect(code(give(30_000, LOCAL, request({}, 64, other))[0])).toBe(expected);
      machine.handle(120_000, { type: "tick" });
      expect(code(give(120_000, LOCAL, request({}, 64, other))[0])).toBeUndefined();
    }
  });

  it("S30: no packet with a length that lies, and no client accepts options out of range", () => {
    const { give } = server();
    const lying = request();
    lying[3] = 200;
    expect(give(0, LOCAL, lying)).toEqual([]);
    expect(lengthOf(lying)).toBeGreaterThan(lying.length);
  });
});

describe("options", () => {
  const client = { server: SERVER, remoteName: "a", localName: "a", platform: plainPlatform() };

  it.each([
    [{ blockBytes: 0 }, "blockBytes is 0"],
    [{ blockBytes: 65_001 }, "from 1 to 65000"],
    [{ window: 33 }, "window is 33"],
    [{ giveUpMs: 1.5 }, "giveUpMs is 1.5"],
    [{ minRtoMs: 6_000 }, "minRtoMs is 6000"],
    [{ checksums: [] }, "checksums is []"],
    [{ resume: "12" }, "resume is 12"],
    [{ remoteName: "../a" }, "remoteName"],
  ])("S53: %j is refused by a client", (options, message) => {
    expect(() => new V2GetClient({ ...client, ...options })).toThrow(RangeError);
    expect(() => new V2PutClient({ ...client, ...options })).toThrow(message);
  });

  it("S53: an option of the wrong type is a TypeError; so are those of a server out of their range", () => {
    expect(() => new V2GetClient({ ...client, window: "1" as unknown as number })).toThrow(TypeError);
    expect(() => new V2PutClient({ ...client, digest: new Uint8Array(31) })).toThrow("digest has 31 bytes");
    const platform = plainPlatform();
    for (const name of ["maxSessions", "maxTombstones", "idleMs", "maxHashing", "maxBlockBytes", "cookieMs"] as const) {
      expect(() => new V2Server({ platform, [name]: 0 })).toThrow(`${name} is 0`);
    }
  });

  it("S48, S53: blocks of 65,000 to a loopback address, 1,376 elsewhere", () => {
    expect(new V2GetClient({ ...client, server: { host: "::1", port: 1 } }).statistics.blockBytes).toBe(65_000);
    expect(new V2GetClient(client).statistics).toMatchObject({ blockBytes: 1_376, window: 1 });
  });
});
