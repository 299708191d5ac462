import { describe, expect, it } from "vitest";
import { type ServerOutput, V2Server } from "../src/core/index.js";
import { crc32cOfPacket } from "../src/core/v2-checksum.js";
import { Code } from "../src/core/v2-codes.js";
import { encodePacket, Type, typeOf } from "../src/core/v2-packet.js";
import { encodeRequest } from "../src/core/v2-request.js";
import { MemoryDisk } from "./memory-disk.js";
import { plainPlatform } from "./plain-platform.js";
import { bytes, freshAddress, get, isSame, put, scene } from "./v2-transfers.js";
import { type Channel, perfect } from "./v2-world.js";

const CONTENT = bytes(1_000);
const small = { blockBytes: 76, giveUpMs: 5_000 };

/** Everything is lost from packet `cut` on, until `heal` is called. */
function cutAt(cut: number): { readonly channel: Channel; heal(): void } {
  let isCut = true;
  return {
    channel: (sent) => (isCut && sent.index >= cut ? [] : perfect(sent)),
    heal: () => {
      isCut = false;
    },
  };
}

describe("resume", () => {
  it("S47, S59: a GET that is cut at any packet and resumed gives the same file", () => {
    for (let cut = 0; cut <= 36; cut++) {
      const { channel, heal } = cutAt(cut);
      const here = scene({ a: CONTENT }, {}, { channel });
      const first = get(here, "a", small);
      here.world.run();
      const held = first.disk.readPart(first.client.resumeKey)?.length ?? 0;
      heal();
      if (first.outcome()?.type === "success") continue;
      const { resumeKey: resume, etag } = first.client;
      const sentBefore = here.world.count(Type.DATA);
      const second = get(here, "a", { ...small, resume, etag }, first.disk);
      here.world.run();
      expect(second.outcome(), `cut at ${cut}`).toMatchObject({ type: "success", bytes: 1_000 });
      expect(isSame(first.disk.read("a"), CONTENT)).toBe(true);
      expect(here.world.count(Type.DATA) - sentBefore, "only the rest is sent").toBe(Math.ceil((1_000 - held) / 76));
      expect([first.disk.partKeys, first.disk.openFiles, here.disk.openFiles]).toEqual([[], 0, 0]);
    }
  });

  it("S47, S59: a PUT that is cut at any packet and resumed gives the same file", () => {
    for (let cut = 0; cut <= 33; cut++) {
      const { channel, heal } = cutAt(cut);
      const here = scene({}, {}, { channel });
      const first = put(here, "a", CONTENT, small);
      here.world.run();
      heal();
      if (first.outcome()?.type === "success") continue;
      const held = here.disk.readPart(first.client.resumeKey)?.length ?? 0;
      const isDone = here.disk.names.includes("a");
      const sentBefore = here.world.count(Type.DATA);
      const second = put(here, "a", first.disk, { ...small, resume: first.client.resumeKey, overwrite: true });
      here.world.run();
      expect(second.outcome(), `cut at ${cut}`).toMatchObject({ type: "success", bytes: 1_000 });
      expect(isSame(here.disk.read("a"), CONTENT)).toBe(true);
      if (!isDone) expect(here.world.count(Type.DATA) - sentBefore).toBe(Math.ceil((1_000 - held) / 76));
      expect([here.disk.partKeys, here.disk.openFiles]).toEqual([[], 0]);
    }
  });

  it.each(["changed in what was sent", "changed behind it", "shorter"])(
    "S47: a source that is %s is never mixed",
    (how) => {
      const changed = how === "shorter" ? CONTENT.slice(0, 100) : CONTENT.slice();
      if (how === "changed in what was sent") changed[10] = 255;
      if (how === "changed behind it") changed[990] = 255;
      for (const withEtag of [true, false]) {
        const { channel, heal } = cutAt(20);
        const here = scene({ a: CONTENT }, {}, { channel });
        const first = get(here, "a", small);
        here.world.run();
        heal();
        here.disk.place("a", changed);
        const etag = withEtag ? first.client.etag : undefined;
        const second = get(here, "a", { ...small, resume: first.client.resumeKey, etag }, first.disk);
        here.world.run();
        expect(second.outcome()).toMatchObject({ type: "success" });
        expect(isSame(first.disk.read("a"), changed)).toBe(true);
        if (withEtag) expect(here.disk.counts.get("hash-prefix"), "another etag is enough to know").toBeUndefined();
      }
      const { channel, heal } = cutAt(20);
      const here = scene({}, {}, { channel });
      const first = put(here, "a", CONTENT, small);
      here.world.run();
      heal();
      first.disk.place("a", changed);
      const second = put(here, "a", first.disk, { ...small, resume: first.client.resumeKey });
      here.world.run();
      expect(second.outcome()).toMatchObject({ type: "success" });
      expect(isSame(here.disk.read("a"), changed)).toBe(true);
      expect(here.disk.partKeys).toEqual([]);
    },
  );

  it("S47: a part is claimed once, and not while a live session of another client holds it", () => {
    const { channel, heal } = cutAt(20);
    const here = scene({}, {}, { channel });
    const first = put(here, "a", CONTENT, small);
    here.world.run({ done: () => first.outcome() !== undefined });
    heal();
    const resume = first.client.resumeKey;
    const early = put(here, "a", first.disk, { ...small, resume, giveUpMs: 1_000 });
    here.world.run({ done: () => early.outcome() !== undefined });
    expect(early.outcome()).toMatchObject({ type: "failed", code: "held" });
    expect(here.server.liveSessions, "it did not wait until the first one was forgotten").toBe(1);
    here.world.run({ done: () => here.server.liveSessions === 0 });
    const one = put(here, "b", new MemoryDisk({ files: { b: CONTENT } }), { ...small, resume });
    const two = put(here, "c", new MemoryDisk({ files: { c: CONTENT } }), { ...small, resume });
    here.world.run();
    expect([one.outcome()?.type, two.outcome()?.type]).toEqual(["success", "success"]);
    expect(isSame(here.disk.read("b"), CONTENT) && isSame(here.disk.read("c"), CONTENT)).toBe(true);
  });

  it("S43: a client that goes on at once waits until the server has forgotten the session that was cut off", () => {
    const { channel, heal } = cutAt(20);
    const here = scene({}, {}, { channel });
    const first = put(here, "a", CONTENT, { ...small, giveUpMs: 1_000 });
    here.world.run({ done: () => first.outcome() !== undefined });
    heal();
    expect(here.server.liveSessions).toBe(1);
    const sentBefore = here.world.count(Type.DATA);
    const second = put(here, "a", first.disk, { blockBytes: 76, resume: first.client.resumeKey });
    here.world.run();
    expect(second.outcome()).toMatchObject({ type: "success" });
    expect(here.world.count(Type.DATA) - sentBefore, "it went on").toBeLessThan(14);
    expect(isSame(here.disk.read("a"), CONTENT)).toBe(true);
    expect([here.disk.openFiles, here.disk.partKeys]).toEqual([0, []]);
  });

  it("S48: blocks that never get through are made smaller, in a new session that goes on where the old one was", () => {
    for (const window of [1, 4]) {
      const content = bytes(5_000);
      const channel: Channel = ({ bytes: packet }) => (packet.length > 1_000 ? [] : [{ afterMs: 10 }]);
      const here = scene({ a: content }, {}, { channel });
      const fetched = get(here, "a", { window });
      const stored = put(here, "b", content, { window });
      here.world.run();
      expect([fetched.outcome()?.type, stored.outcome()?.type]).toEqual(["success", "success"]);
      expect([fetched.client.statistics.blockBytes, stored.client.statistics.blockBytes]).toEqual([524, 524]);
      expect(isSame(fetched.disk.read("a"), content) && isSame(here.disk.read("b"), content)).toBe(true);
      expect([here.disk.openFiles, here.disk.partKeys, fetched.disk.partKeys]).toEqual([0, [], []]);
    }
  });

  it("S48: a path that narrows later does not step down in the session, and a resumed one does", () => {
    let narrow = false;
    const channel: Channel = ({ bytes: packet }) => (narrow && packet.length > 1_000 ? [] : [{ afterMs: 10 }]);
    const here = scene({ a: bytes(20_000) }, {}, { channel });
    const first = get(here, "a", { giveUpMs: 5_000 });
    here.world.run({ done: () => here.world.count(Type.DATA) > 3 });
    narrow = true;
    here.world.run();
    expect(first.outcome()).toMatchObject({ type: "failed", code: "timeout" });
    const second = get(here, "a", { resume: first.client.resumeKey }, first.disk);
    here.world.run();
    expect(second.outcome()).toMatchObject({ type: "success" });
    expect(isSame(first.disk.read("a"), bytes(20_000))).toBe(true);
  });

  it("S49: at most `maxHashing` prefixes are digested at a time; those that wait are told so and are served in turn", () => {
    const { channel, heal } = cutAt(120);
    let slow = false;
    const diskMs = ({ type }: { type: string }): number => (slow && type === "hash-prefix" ? 3_000 : 0);
    const here = scene({ a: CONTENT }, { maxHashing: 2 }, { channel, diskMs });
    const firsts = Array.from({ length: 6 }, () => get(here, "a", small));
    here.world.run();
    heal();
    slow = true;
    let most = 0;
    here.world.beforeEach = () => {
      most = Math.max(most, here.server.hashing);
    };
    const seconds = firsts.map(({ client, disk }) => get(here, "a", { ...small, resume: client.resumeKey }, disk));
    here.world.run();
    expect(seconds.map(({ outcome }) => outcome()?.type)).toEqual(Array(6).fill("success"));
    expect(most).toBe(2);
    expect(here.server.hashing).toBe(0);
    expect(here.world.count(Type.ERR), "told to wait").toBeGreaterThan(0);
  });

  it("S49: nothing is kept of a request that is given up while it waits for its turn to digest", () => {
    const server = new V2Server({ platform: plainPlatform("server"), maxHashing: 1, trusts: () => true });
    const from = freshAddress(scene());
    const wanted = { offset: 100, prefixDigest: new Uint8Array(32) };
    const send = (session: Uint8Array, type: number, payload: Uint8Array): ServerOutput[] => {
      const packet = encodePacket(session, { type, counter: 1 }, payload, crc32cOfPacket, 64);
      return server.handle(0, { type: "datagram", from, bytes: type === Type.REQ ? packet : packet.slice(0, 26) });
    };
    const request = (session: Uint8Array): ServerOutput[] => {
      const asked = {
        operation: "get",
        name: "a",
        blockBytes: 76,
        window: 1,
        checksums: ["crc32c"],
        ...wanted,
      } as const;
      const [open] = send(session, Type.REQ, encodeRequest(asked, session));
      if (open?.type !== "open-source") throw new Error("the request was not taken");
      return server.handle(0, { type: "source-opened", id: open.id, size: 200, modifiedMs: 0, etag: "e" });
    };
    expect(request(bytes(8, 1)).map(({ type }) => type)).toEqual(["hash-prefix"]);
    const before = server.fingerprint(0);
    expect(request(bytes(8, 2))).toEqual([]);
    send(bytes(8, 2), Type.ERR, Uint8Array.of(0, Code.ABORTED));
    expect(server.fingerprint(0)).toBe(before);
  });

  it("S49: a client that digests for long keeps its session alive", () => {
    const { channel, heal } = cutAt(20);
    const client = freshAddress;
    let slow = false;
    const diskMs = ({ type }: { type: string }): number => (slow && type === "hash-prefix" ? 70_000 : 0);
    const here = scene({}, {}, { channel, diskMs });
    const first = put(here, "a", CONTENT, small);
    here.world.run();
    heal();
    slow = true;
    const second = put(here, "a", first.disk, { blockBytes: 76, resume: first.client.resumeKey }, client(here));
    here.world.run();
    expect(second.outcome()).toMatchObject({ type: "success" });
    expect(here.world.served.at(-1)).toMatchObject({ outcome: "done" });
  });

  it("S39, S47: the server dies and comes back: the client is told, and a resumed one goes on", () => {
    const here = scene();
    const first = put(here, "a", CONTENT, small);
    here.world.run({ done: () => here.world.count(Type.ACK) === 5 });
    here.disk.kill();
    const again = scene();
    here.world.add({ host: "server", port: 50_001 }, again.server, here.disk);
    here.world.run();
    expect(first.outcome()).toMatchObject({ type: "failed", code: "no-session" });
    const second = put(here, "a", first.disk, { ...small, resume: first.client.resumeKey });
    here.world.run();
    expect(second.outcome()).toMatchObject({ type: "success" });
    expect(here.world.sent.filter(({ bytes: packet }) => typeOf(packet) === Type.DATA).length).toBeLessThan(14 + 3);
    expect(isSame(here.disk.read("a"), CONTENT)).toBe(true);
  });
});
