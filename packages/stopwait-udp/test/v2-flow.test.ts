import { describe, expect, it } from "vitest";
import { PartBlocks } from "../src/core/part-blocks.js";
import { RttEstimator } from "../src/core/rtt.js";
import { SendWindow } from "../src/core/send-window.js";
import { isNewer, Transmissions } from "../src/core/transmissions.js";
import { crc32cOfPacket } from "../src/core/v2-checksum.js";
import { Code } from "../src/core/v2-codes.js";
import {
  blockOf,
  counterOf,
  creditOf,
  encodePacket,
  Flag,
  flagsOf,
  Type,
  typeOf,
  uint16At,
} from "../src/core/v2-packet.js";
import { CongestionWindow, datagramsIn } from "../src/core/window.js";
import { MemoryDisk } from "./memory-disk.js";
import { plainSha256 } from "./plain-platform.js";
import { bytes, get, isSame, put, scene } from "./v2-transfers.js";
import { type Channel, perfect, SERVER } from "./v2-world.js";

const small = { blockBytes: 76 };

/** Loses the n-th packet of a type, from 0; of each type that is named. */
function losing(which: Readonly<Record<number, readonly number[]>>): Channel {
  const seen = new Map<number, number>();
  return ({ bytes: packet }) => {
    const type = typeOf(packet);
    const nth = seen.get(type) ?? 0;
    seen.set(type, nth + 1);
    return which[type]?.includes(nth) === true ? [] : [{ afterMs: 10 }];
  };
}

describe("the client's timer", () => {
  it("S42: the timeout of RFC 6298, by its own formulas", () => {
    const rtt = new RttEstimator({ initialRtoMs: 1_000, minRtoMs: 1, maxRtoMs: 5_000 });
    expect(rtt.timeoutMs).toBe(1_000);
    rtt.sample(100); // SRTT 100, RTTVAR 50
    expect(rtt.timeoutMs).toBe(300);
    rtt.sample(200); // RTTVAR 3/4 50 + 1/4 100 = 62.5, SRTT 7/8 100 + 1/8 200 = 112.5
    expect([rtt.smoothedMs, rtt.timeoutMs, rtt.leastMs, rtt.samples]).toEqual([112.5, 362.5, 100, 2]);
    for (const expected of [725, 1_450, 2_900, 5_000, 5_000]) {
      rtt.backOff();
      expect(rtt.timeoutMs).toBe(expected);
    }
    rtt.sample(112.5);
    expect(rtt.timeoutMs).toBe(112.5 + 4 * 46.875);
    const bounded = new RttEstimator({ initialRtoMs: 1_000, minRtoMs: 200, maxRtoMs: 5_000 });
    bounded.sample(1);
    expect(bounded.timeoutMs).toBe(200);
  });

  it("S42: packets go out again after 1, 3, 7, 12, 17, 22 and 27 s; S43: it ends after 30", () => {
    const here = scene({ a: bytes(1) }, {}, { channel: () => [] });
    const { outcome, client } = get(here, "a");
    here.world.run();
    expect(here.world.sent.map(({ now }) => now)).toEqual([0, 1_000, 3_000, 7_000, 12_000, 17_000, 22_000, 27_000]);
    expect(here.world.sent.map(({ bytes: packet }) => flagsOf(packet))).toEqual([0, ...Array(7).fill(Flag.RETRY)]);
    expect([here.world.now, client.nextDeadline()]).toEqual([30_000, undefined]);
    expect(outcome()).toMatchObject({ type: "failed", code: "timeout" });
  });

  it("S41: counters rise with each packet, answers repeat them, and a retransmission gives an exact sample", () => {
    const here = scene({ a: bytes(228) }, {}, { channel: losing({ [Type.DATA]: [1] }) });
    const { client, address } = get(here, "a", small);
    here.world.run();
    const counters = here.world.sent
      .filter(({ from }) => from === address)
      .map(({ bytes: packet }) => counterOf(packet));
    expect(counters).toEqual(counters.map((_, at) => at + 1));
    for (const { from, bytes: packet } of here.world.sent)
      if (from === SERVER) expect(counters).toContain(counterOf(packet));
    expect(client.statistics).toMatchObject({ leastRttMs: 20, smoothedRttMs: 20, timeouts: 1 });
  });

  it("S41: a counter is newer if it is up to 32,767 ahead, modulo 65,536; an echo is a sample once", () => {
    for (const [a, b] of [
      [1, 0],
      [0, 65_535],
      [32_767, 0],
      [5, 65_530],
    ] as const)
      expect(isNewer(a, b)).toBe(true);
    for (const [a, b] of [
      [0, 0],
      [0, 1],
      [32_768, 0],
      [65_535, 0],
    ] as const)
      expect(isNewer(a, b)).toBe(false);
    const transmissions = new Transmissions();
    for (let sent = 1; sent < 70_000; sent++) expect(transmissions.next(sent)).toBe(sent & 0xffff);
    expect(transmissions.answered(70_000, transmissions.last)).toBe(1);
    expect(transmissions.answered(70_001, transmissions.last)).toBeUndefined();
    expect(transmissions.answered(70_001, 1)).toBeUndefined();
  });
});

describe("a GET", () => {
  it("S36: a duplicate or late ACK gets nothing, a newer one with `retry` the block again", () => {
    const here = scene({ a: bytes(500) });
    const { address, client } = get(here, "a", small);
    here.world.run({ done: () => here.world.count(Type.DATA) === 3 });
    const [first, second, third] = here.world.sent.filter(({ bytes: packet }) => typeOf(packet) === Type.ACK);
    const give = (packet: Uint8Array | undefined) =>
      here.server.handle(here.world.now, { type: "datagram", from: address, bytes: packet as Uint8Array });
    for (const packet of [first, second, third]) expect(give(packet?.bytes)).toEqual([]);
    const session = third?.bytes.slice(4, 12) as Uint8Array;
    const ack = (flags: number, counter: number, block: number): Uint8Array =>
      encodePacket(session, { type: Type.ACK, flags, block, counter, credit: 1 }, new Uint8Array(), crc32cOfPacket);
    const last = counterOf(third?.bytes as Uint8Array);
    expect(give(ack(0, last + 1, 2)), "nothing new is asked for").toEqual([]);
    const [again, ...more] = give(ack(Flag.RETRY, last + 2, 2));
    expect(again?.type === "datagram" && [typeOf(again.bytes), blockOf(again.bytes)]).toEqual([Type.DATA, 2]);
    expect(more).toEqual([]);
    expect(give(ack(Flag.RETRY, last + 2, 2)), "a duplicate").toEqual([]);
    expect(give(ack(Flag.RETRY, last + 30_000, 1)), "older than what was acknowledged").toEqual([]);
    expect(give(ack(0, last + 3, 9)), "never sent").toEqual([]);
    expect(client.nextDeadline()).toBeDefined();
  });

  it.each([
    ["REQ", Type.REQ],
    ["CHALLENGE", Type.CHALLENGE],
    ["ACCEPT", Type.ACCEPT],
    ["ACK", Type.ACK],
    ["DATA", Type.DATA],
    ["FIN", Type.FIN],
  ])("S35, S36: a lost %s is asked for again, once", (_, type) => {
    const here = scene({ a: bytes(228) }, {}, { channel: losing({ [type]: [0] }) });
    const { outcome, disk } = get(here, "a", small);
    here.world.run();
    expect(outcome()).toMatchObject({ type: "success" });
    expect(isSame(disk.read("a"), bytes(228))).toBe(true);
    expect(here.world.timeouts).toBe(1);
    expect(here.world.count(Type.DATA)).toBe(type === Type.DATA ? 4 : 3);
  });

  it("S39: a lost FINACK leaves the server without word: abandoned, unconfirmed; the client has its file", () => {
    const here = scene({ a: bytes(100) }, {}, { channel: losing({ [Type.FINACK]: [0] }) });
    const { outcome } = get(here, "a", small);
    here.world.run();
    expect(outcome()).toMatchObject({ type: "success" });
    expect(here.world.served).toMatchObject([{ outcome: "abandoned", code: "unconfirmed" }]);
  });

  it("S38: a source that changes while it is sent is an error, and no file", () => {
    const here = scene({ a: bytes(500) });
    const { outcome, disk } = get(here, "a", small);
    here.world.run({ done: () => here.world.count(Type.DATA) === 3 });
    here.disk.change("a", bytes(500, 9));
    here.world.run();
    expect(outcome()).toMatchObject({ type: "failed", code: "changed" });
    expect([disk.names, disk.partKeys, disk.openFiles, here.disk.openFiles]).toEqual([[], [], 0, 0]);
  });

  it.each(["full", "exists", "denied"] as const)(
    "S52: a client whose disk says %s tells the server, and both end",
    (fact) => {
      for (const at of ["write-part", "commit-part"]) {
        const here = scene({ a: bytes(100) });
        const disk = new MemoryDisk({ before: ({ type }) => (type === at ? fact : undefined) });
        const { outcome } = get(here, "a", small, disk);
        here.world.run({ done: () => here.server.memories > 0 });
        expect(outcome()).toMatchObject({ type: "failed", code: fact });
        expect(here.world.served).toMatchObject([{ outcome: "failed" }]);
        expect(disk.names).toEqual([]);
      }
    },
  );
});

describe("a PUT", () => {
  it.each([
    ["REQ", Type.REQ],
    ["CHALLENGE", Type.CHALLENGE],
    ["ACCEPT", Type.ACCEPT],
    ["DATA", Type.DATA],
    ["ACK", Type.ACK],
    ["FIN", Type.FIN],
    ["FINACK", Type.FINACK],
  ])("S35, S37: after a lost %s the client sends its packet again, once", (_, type) => {
    const here = scene({}, {}, { channel: losing({ [type]: [0] }) });
    const { outcome } = put(here, "a", bytes(228), small);
    here.world.run();
    expect(outcome()).toMatchObject({ type: "success" });
    expect(isSame(here.disk.read("a"), bytes(228))).toBe(true);
    expect([here.world.timeouts, here.disk.counts.get("commit-part")]).toEqual([1, 1]);
  });

  it("S37: a FIN before all is there is dropped, its digest as well", () => {
    const here = scene();
    const { address } = put(here, "a", bytes(200), small);
    here.world.run({ done: () => here.world.count(Type.DATA) === 1 });
    const session = here.world.sent.at(-1)?.bytes.slice(4, 12) as Uint8Array;
    const sha256 = plainSha256();
    sha256.update(bytes(200));
    const early = encodePacket(session, { type: Type.FIN, block: 3, counter: 99 }, sha256.digest(), crc32cOfPacket);
    here.world.inject(address, SERVER, early);
    here.world.run({ done: () => here.world.count(Type.FIN) === 1 });
    expect([here.disk.names, here.world.count(Type.FINACK)]).toEqual([[], 0]);
    here.world.run();
    expect(here.disk.names).toEqual(["a"]);
  });

  it("S37: DATA is acknowledged before it is written, unless the one before waits too; then when that is written, once", () => {
    const diskMs = ({ type }: { type: string }): number => (type === "write-part" ? 500 : 0);
    const here = scene({}, {}, { diskMs });
    const { outcome } = put(here, "a", bytes(76 + 70), small);
    here.world.run();
    expect(outcome()).toMatchObject({ type: "success" });
    const data = here.world.sent.filter(({ bytes: packet }) => typeOf(packet) === Type.DATA);
    const acks = here.world.sent.filter(({ bytes: packet }) => typeOf(packet) === Type.ACK);
    const began = data[0]?.now ?? 0;
    expect(data.map(({ bytes: packet }) => [blockOf(packet), flagsOf(packet) & Flag.RETRY])).toEqual([
      [0, 0],
      [1, 0],
      [1, Flag.RETRY],
    ]);
    expect(acks.map(({ now }) => now - began)).toEqual([10, 510]);
    expect(acks.map(({ bytes: packet }) => blockOf(packet))).toEqual([1, 2]);
  });

  it("S37: DATA whose acknowledgement was lost is acknowledged again, although it is not written yet", () => {
    const diskMs = ({ type }: { type: string }): number => (type === "write-part" ? 2_000 : 0);
    const here = scene({}, {}, { diskMs, channel: losing({ [Type.ACK]: [0] }) });
    const { outcome } = put(here, "a", bytes(70), small);
    here.world.run({ done: () => here.world.count(Type.FIN) === 1 });
    expect([here.world.timeouts, here.disk.counts.get("write-part")]).toEqual([1, undefined]);
    here.world.run();
    expect(outcome()).toMatchObject({ type: "success" });
    expect(isSame(here.disk.read("a"), bytes(70))).toBe(true);
  });

  it("S37, S49: FIN that comes before the disk has done all is kept, and answered `wait` when it comes again", () => {
    const diskMs = ({ type }: { type: string }): number => (type === "write-part" ? 100_000 : 0);
    const here = scene({}, {}, { diskMs });
    const { outcome } = put(here, "a", bytes(70), small);
    here.world.run();
    expect(outcome()).toMatchObject({ type: "success" });
    expect(here.world.sent.some(({ bytes: packet }) => typeOf(packet) === Type.ERR)).toBe(true);
    expect(isSame(here.disk.read("a"), bytes(70))).toBe(true);
  });

  it("S36: a client asks for the next block before it writes the last, and for FIN when all is written", () => {
    const diskMs = ({ type }: { type: string }): number => (type === "write-part" ? 500 : 0);
    const here = scene({ a: bytes(76 + 70) }, {}, { diskMs });
    const { outcome, address } = get(here, "a", small);
    here.world.run();
    expect(outcome()).toMatchObject({ type: "success" });
    const acks = here.world.sent.filter(({ from, bytes: packet }) => from === address && typeOf(packet) === Type.ACK);
    const began = acks[0]?.now ?? 0;
    expect(acks.map(({ now, bytes: packet }) => [blockOf(packet), now - began])).toEqual([
      [0, 0],
      [1, 20],
      [2, 540],
    ]);
  });

  it("S37, S49: FIN is answered `wait` while the server commits, and the client waits longer than it would in silence", () => {
    const diskMs = ({ type }: { type: string }): number => (type === "commit-part" ? 100_000 : 0);
    const here = scene({}, {}, { diskMs });
    const { outcome } = put(here, "a", bytes(70), small);
    here.world.run();
    expect(outcome()).toMatchObject({ type: "success" });
    expect(here.disk.counts.get("commit-part")).toBe(1);
  });

  it("S43: `wait` holds a client for ten times 30 s at most", () => {
    const diskMs = ({ type }: { type: string }): number => (type === "commit-part" ? 900_000 : 0);
    const here = scene({}, {}, { diskMs });
    const { outcome } = put(here, "a", bytes(70), small);
    here.world.run({ done: () => outcome() !== undefined });
    expect(outcome()).toMatchObject({ type: "unknown" });
    expect(here.world.now).toBeGreaterThan(299_000);
    expect(here.world.now).toBeLessThan(302_000);
  });

  it("S39: FIN unanswered is unknown, whether the server has the file or not", () => {
    for (const lost of [Type.FIN, Type.FINACK]) {
      const here = scene({}, {}, { channel: losing({ [lost]: Array.from({ length: 50 }, (_, at) => at) }) });
      const { outcome } = put(here, "a", bytes(70), small);
      here.world.run();
      expect(outcome()).toMatchObject({ type: "unknown" });
      expect(here.disk.names).toEqual(lost === Type.FIN ? [] : ["a"]);
    }
  });

  it("S38: a digest that differs is a mismatch: nothing gets the name, the part is deleted", () => {
    for (const isGet of [false, true]) {
      const here = scene({ b: bytes(70) });
      const wrong = { ...small, digest: new Uint8Array(32) };
      const started = isGet ? get(here, "b", small) : put(here, "a", bytes(70), wrong);
      const forge: Channel = (sent) => {
        if (!isGet || typeOf(sent.bytes) !== Type.FIN) return perfect(sent);
        const { bytes: fin } = sent;
        const header = { type: Type.FIN, block: blockOf(fin), counter: counterOf(fin) };
        const forged = encodePacket(fin.slice(4, 12), header, new Uint8Array(32), crc32cOfPacket);
        return [{ afterMs: 10, bytes: forged }];
      };
      if (isGet) {
        const again = scene({ b: bytes(70) }, {}, { channel: forge });
        const { outcome, disk } = get(again, "b", small);
        again.world.run();
        expect(outcome()).toMatchObject({ type: "failed", code: "mismatch" });
        expect([disk.names, disk.partKeys]).toEqual([[], []]);
        expect(again.world.served).toMatchObject([{ outcome: "failed", code: "mismatch" }]);
        continue;
      }
      here.world.run();
      expect(started.outcome()).toMatchObject({ type: "failed", code: "mismatch" });
      expect([here.disk.names, here.disk.partKeys]).toEqual([["b"], []]);
    }
  });

  it("S38: a source that changes before FIN is an error, and its part is of no use", () => {
    const here = scene();
    const { outcome, disk } = put(here, "a", bytes(500), small);
    here.world.run({ done: () => here.world.count(Type.DATA) === 3 });
    disk.change("a", bytes(500, 9));
    here.world.run();
    expect(outcome()).toMatchObject({ type: "failed", code: "changed" });
    expect([here.disk.names, here.disk.partKeys, disk.openFiles]).toEqual([[], [], 0]);
  });

  it("S38: a name that was taken meanwhile is not replaced", () => {
    const here = scene();
    const { outcome } = put(here, "a", bytes(200), small);
    here.world.run({ done: () => here.world.count(Type.DATA) === 2 });
    here.disk.place("a", bytes(3));
    here.world.run();
    expect(outcome()).toMatchObject({ type: "failed", code: "exists" });
    expect(here.disk.read("a")).toEqual(bytes(3));
  });

  it("S52: stopped before FIN it is aborted and the server told; after FIN it is unknown", () => {
    for (const after of [Type.DATA, Type.FIN]) {
      const here = scene();
      const { outcome, address, disk } = put(here, "a", bytes(200), small);
      here.world.run({ done: () => here.world.count(after) === 1 });
      here.world.give(address, { type: "stop" });
      expect(outcome()).toMatchObject(after === Type.FIN ? { type: "unknown" } : { type: "failed", code: "aborted" });
      const errors = here.world.sent.filter(({ bytes: packet }) => typeOf(packet) === Type.ERR);
      expect(errors.map(({ bytes: packet }) => uint16At(packet, 24))).toEqual(after === Type.FIN ? [] : [Code.ABORTED]);
      here.world.run();
      expect([disk.openFiles, here.disk.openFiles]).toEqual([0, 0]);
      expect(here.world.served).toMatchObject([{ outcome: after === Type.FIN ? "done" : "failed" }]);
    }
  });

  it("S39, S52: while a fetched file is put in its place, neither a stop nor an ERR makes it a failure", () => {
    const diskMs = ({ type }: { type: string }): number => (type === "commit-part" ? 1_000 : 0);
    for (const what of ["stop", "error"]) {
      const here = scene({ a: bytes(200) }, {}, { diskMs });
      const { outcome, disk, address } = get(here, "a", small);
      here.world.run({ done: () => here.world.count(Type.FIN) === 1 });
      here.world.run({
        done: () => here.world.now >= (here.world.sent.at(-1)?.now ?? 0) + 10,
      });
      if (what === "stop") here.world.give(address, { type: "stop" });
      else {
        const [fin] = here.world.sent.filter(({ bytes: packet }) => typeOf(packet) === Type.FIN);
        const session = (fin?.bytes ?? bytes(12)).slice(4, 12);
        const error = encodePacket(
          session,
          { type: Type.ERR, counter: 1 },
          Uint8Array.of(0, Code.GONE),
          crc32cOfPacket,
        );
        here.world.give(address, { type: "datagram", from: SERVER, bytes: error });
      }
      here.world.run();
      expect([outcome()?.type, disk.names], what).toEqual(["success", ["a"]]);
    }
  });

  it("S52: a stopped server closes its files, keeps the parts, and is silent", () => {
    const here = scene({ b: bytes(900) });
    put(here, "a", bytes(200), small);
    get(here, "b", small);
    here.world.run({ done: () => here.world.count(Type.DATA) === 4 });
    here.world.give(SERVER, { type: "stop" });
    expect(here.server.nextDeadline()).toBeUndefined();
    here.world.run();
    expect([here.disk.openFiles, here.disk.partKeys.length, here.server.liveSessions]).toEqual([0, 1, 0]);
    expect(here.world.served.map(({ outcome, code }) => [outcome, code])).toEqual(
      Array(2).fill(["abandoned", "stopped"]),
    );
  });
});

describe("windows", () => {
  it("S50: two blocks at first, one more for each acknowledged, halved by a timeout, then one for each window", () => {
    const window = new CongestionWindow(16);
    expect(window.blocks).toBe(2);
    window.acknowledged(6);
    expect(window.blocks).toBe(8);
    window.timedOut();
    expect(window.blocks).toBe(4);
    window.acknowledged(4);
    expect(window.blocks).toBe(4);
    window.acknowledged(1);
    expect(window.blocks).toBe(5);
    window.acknowledged(10_000);
    expect(window.blocks).toBe(16);
    for (let count = 0; count < 6; count++) window.timedOut();
    expect(window.blocks).toBe(1);
    expect(new CongestionWindow(1).blocks).toBe(1);
  });

  it("S50: the usual receive buffer holds three datagrams of 65,000 bytes", () => {
    expect(datagramsIn(212_992, 65_024)).toBe(3);
    expect(datagramsIn(212_992, 1_400)).toBeGreaterThan(32);
    expect(datagramsIn(1, 1_400)).toBe(1);
    const here = scene({ a: bytes(10) }, { trusts: () => true });
    const { client } = put(here, "b", bytes(10), { window: 32, blockBytes: 65_000 });
    here.world.run();
    expect(client.statistics.window).toBe(3);
  });

  it("S50: a timeout goes back to the first missing block, and skips what the sack names", () => {
    const window = new SendWindow(10);
    window.limit = 6;
    const all = (): number[] => {
      const blocks: number[] = [];
      for (let block = window.next(); block !== undefined; block = window.next()) {
        blocks.push(block);
        window.sent();
      }
      return blocks;
    };
    expect(all()).toEqual([0, 1, 2, 3, 4, 5]);
    expect(window.acknowledge(1, 0b101)).toBe(1); // 2 and 4 are there
    expect(all()).toEqual([]);
    window.rewind();
    expect(window.isRetry).toBe(true);
    expect(all()).toEqual([1, 3, 5]);
    expect(window.acknowledge(7, 0), "never sent").toBeUndefined();
    expect(window.acknowledge(0, 0), "older").toBeUndefined();
    expect(window.acknowledge(6, 0)).toBe(5);
    window.limit = 99;
    expect(all()).toEqual([6, 7, 8, 9]);
    window.acknowledge(10, 0);
    expect(window.isDone).toBe(true);
  });

  it("S50: with a window one lost block costs one block more, in both directions", () => {
    for (const window of [2, 8, 32]) {
      const content = bytes(76 * 60);
      for (const direction of ["get", "put"]) {
        const here = scene({ a: content }, {}, { channel: losing({ [Type.DATA]: [20] }) });
        const { outcome } =
          direction === "get" ? get(here, "a", { ...small, window }) : put(here, "b", content, { ...small, window });
        here.world.run();
        expect(outcome()).toMatchObject({ type: "success" });
        expect(here.world.count(Type.DATA), `${direction}, window ${window}`).toBe(61);
      }
    }
  });

  it("S50: a client that fetches acknowledges when half a window, or all that it asked for, has come", () => {
    const acknowledged = (window: number): { readonly block: number; readonly asked: number }[] => {
      const here = scene({ a: bytes(76 * 60) });
      const { client, address } = get(here, "a", { ...small, window });
      here.world.run();
      expect([here.world.count(Type.DATA), client.statistics.timeouts]).toEqual([60, 0]);
      return here.world.sent
        .filter(({ from, bytes: packet }) => from === address && typeOf(packet) === Type.ACK)
        .map(({ bytes: packet }) => ({ block: blockOf(packet), asked: blockOf(packet) + creditOf(packet) }));
    };
    for (const window of [1, 2]) {
      const blocks = acknowledged(window).map(({ block }) => block);
      expect(blocks.filter((block, at) => block > (blocks[at - 1] ?? 0) + window)).toEqual([]);
    }
    const acks = acknowledged(8);
    const [grown, half] = [acks.findIndex(({ block }) => block >= 6), 4]; // by then the window has grown from 2 to 8
    const early = acks.filter(({ block }, at) => {
      const before = acks[at - 1];
      return at > grown && before !== undefined && block - before.block < half && block < before.asked;
    });
    expect(early).toEqual([]);
    expect(acks.length).toBeLessThanOrEqual(grown + 2 + 60 / half);
  });

  it("S51: blocks ahead are kept within the window, written in order, each once; all else is dropped", () => {
    const sha256 = plainSha256();
    const part = new PartBlocks({ part: 1, size: 55, offset: 5, blockBytes: 10, window: 3, sha256 });
    const writes: { readonly offset: number; readonly bytes: Uint8Array }[] = [];
    let ids = 0;
    const take = (block: number, length = 10, isLast = block === 4): string => {
      const taken = part.take(block, isLast, new Uint8Array(length).fill(block));
      part.write(() => ++ids, writes as never[]);
      return taken;
    };
    expect([take(2), take(2), take(1), take(3), take(0, 9), take(0, 10, true)]).toEqual([
      "kept",
      "pending",
      "kept",
      "wrong",
      "wrong",
      "wrong",
    ]);
    expect([part.sack, part.credit(3), part.keptBlocks, writes.length]).toEqual([0b11, 3, 2, 0]);
    expect(take(0)).toBe("next");
    expect(writes.map(({ offset, bytes: [value] }) => [offset, value])).toEqual([
      [5, 0],
      [15, 1],
      [25, 2],
    ]);
    expect([part.accepted, part.written, part.credit(3), part.sack]).toEqual([3, 0, 1, 0]);
    expect([take(3), take(1), part.credit(3)]).toEqual(["next", "pending", 0]);
    expect(take(4), "not before something is written").toBe("wrong");
    part.wrote();
    expect([take(0), take(4), take(5)]).toEqual(["written", "next", "wrong"]);
    expect([part.credit(3), writes.length]).toEqual([0, 5]);
  });

  it("S50: a client whose last credit was 0 asks again with a block, and goes on", () => {
    let acks = 0;
    const channel: Channel = ({ bytes: packet }) => {
      if (typeOf(packet) !== Type.ACK || ++acks > 1) return [{ afterMs: 10 }];
      const header = { type: Type.ACK, block: blockOf(packet), counter: counterOf(packet), credit: 0 };
      return [{ afterMs: 10, bytes: encodePacket(packet.slice(4, 12), header, new Uint8Array(), crc32cOfPacket) }];
    };
    const here = scene({}, {}, { channel });
    const { outcome } = put(here, "a", bytes(228), small);
    here.world.run();
    expect(outcome()).toMatchObject({ type: "success" });
    expect(here.world.count(Type.DATA)).toBe(3);
  });

  it("S51: a slow disk holds the sender back, and nothing is lost or sent twice", () => {
    const content = bytes(76 * 40);
    for (const window of [1, 4, 32]) {
      const diskMs = ({ type }: { type: string }): number => (type === "write-part" ? 15 : 0);
      const here = scene({ a: content }, {}, { diskMs });
      const started = [get(here, "a", { ...small, window }), put(here, "b", content, { ...small, window })];
      here.world.run();
      expect(started.map(({ outcome }) => outcome()?.type)).toEqual(["success", "success"]);
      expect(isSame(here.disk.read("b"), content)).toBe(true);
      expect(here.world.count(Type.DATA)).toBe(80);
    }
  });
});
