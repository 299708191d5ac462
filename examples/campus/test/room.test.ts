/** What nodes make of the room: news, the registry, and who may lead. */
import type { Delivered } from "@lab/broadcast";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Desk } from "../src/desk.js";
import { type News, newsText, readNews, words } from "../src/news.js";
import { Orders } from "../src/orders.js";

const bytesOf = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value));
const entry = (member: number, said: News | "left"): Delivered => {
  const rest = { number: 1, member, name: "ana", clientSeq: 1, own: false, silent: false, past: false };
  return said === "left"
    ? { ...rest, kind: "leave", bytes: new Uint8Array(1) }
    : { ...rest, kind: "message", bytes: bytesOf(said) };
};
const SHA256 = "12".repeat(32);
const serves = (id: string, rake: number): News => ({ news: "serves", id, host: "127.0.0.1", rake, files: 2, box: 3 });

describe("news", () => {
  it("is read as it was said, and told in words", () => {
    const asks: News = { news: "asks", at: "b", words: "build" };
    expect(readNews(bytesOf(asks))).toEqual(asks);
    expect(words(asks, "ana")).toBe("ana asks b: build");
    expect(words({ news: "failed", id: "b", words: "build", why: "no Rakefile", asked: 7 })).toBe(
      "b failed: build: no Rakefile",
    );
    expect(words({ news: "leads", epoch: 7, id: "a" })).toBe("a leads epoch 7");
  });

  it("is cut where a text is too long, and is news then", () => {
    const failed: News = { news: "failed", id: "b", words: "w".repeat(5_000), why: "y", asked: 7 };
    expect(readNews(bytesOf(failed))).toBeUndefined();
    const read = readNews(new TextEncoder().encode(newsText(failed)));
    expect(read).toEqual({ ...failed, words: `${"w".repeat(997)}...` });
  });

  it.each([
    ["a field of another type", { news: "leads", id: "a", epoch: "7" }],
    ["a field too few", { news: "leads", id: "a" }],
    ["a field too many", { news: "leads", id: "a", epoch: 7, more: 1 }],
    ["a kind in a list", { news: ["leads"], id: "a", epoch: 7 }],
    ["an epoch that is no number of times", { news: "leads", id: "a", epoch: -1 }],
    ["a name that leads elsewhere", { news: "leads", id: "../a", epoch: 7 }],
    ["a port that there is not", serves("a", 0)],
    ["a file elsewhere", { news: "offers", id: "a", name: "../b", sha256: SHA256, bytes: 3 }],
    ["a parent as a file", { news: "offers", id: "a", name: "..", sha256: SHA256, bytes: 3 }],
    ["a digest that is none", { news: "offers", id: "a", name: "b", sha256: "12", bytes: 3 }],
    ["another kind", { news: "toString" }],
    ["no kind", { id: "a", epoch: 7 }],
    ["null", null],
  ])("is nothing with %s", (_, said) => expect(readNews(bytesOf(said))).toBeUndefined());

  it("is nothing whatever else is said", () => {
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array(), fc.jsonValue().map(bytesOf)), (bytes) => readNews(bytes) === undefined),
    );
  });
});

describe("the desk", () => {
  it("registers who serves, by the member that says so, until it leaves", () => {
    const desk = new Desk();
    for (const [member, id] of [
      [2, "b"],
      [1, "a"],
    ] as const)
      desk.heard(entry(member, serves(id, 10 + member)));
    expect(desk.servers.map(({ id, rake }) => `${id} ${rake}`)).toEqual(["a 11", "b 12"]);
    desk.heard(entry(7, serves("a", 99))); // started again: the member of before leaves later
    desk.heard(entry(1, "left"));
    expect(desk.servers.map(({ id, rake }) => `${id} ${rake}`)).toEqual(["a 99", "b 12"]);
    desk.heard(entry(7, "left"));
    expect(desk.servers.map(({ id }) => id)).toEqual(["b"]);
  });

  it("takes no leader of an earlier epoch, nor of none", () => {
    const desk = new Desk();
    const leads = (id: string, epoch: number) => desk.heard(entry(1, { news: "leads", id, epoch }));
    expect(leads("a", 7)).toBeDefined();
    expect(leads("b", 8)).toBeDefined();
    expect([leads("a", 7), leads("c", -1), leads("c", 8.5)]).toEqual([undefined, undefined, undefined]);
    expect(desk.leader).toBe("b");
  });

  it("knows where a file is that was offered, while its node is there", () => {
    const desk = new Desk();
    expect(() => desk.offer("a", "words.txt")).toThrow("there is no a in the room, which has nobody yet");
    desk.heard(entry(1, { news: "offers", id: "a", name: "words.txt", sha256: SHA256, bytes: 3 }));
    expect(() => desk.offer("a", "words.txt")).toThrow("there is no a in the room, which has nobody yet");
    desk.heard(entry(1, serves("a", 1)));
    expect(desk.offer("a", "words.txt")).toEqual({ host: "127.0.0.1", port: 2, sha256: SHA256 });
    expect(() => desk.offer("a", "other.txt")).toThrow("a does not offer other.txt");
  });

  it("forgets the oldest offers where there are too many", () => {
    const desk = new Desk();
    desk.heard(entry(1, serves("a", 1)));
    for (let number = 0; number <= 10_000; number++) {
      desk.heard(entry(1, { news: "offers", id: "a", name: `${number}`, sha256: SHA256, bytes: 3 }));
    }
    expect(() => desk.offer("a", "0")).toThrow("a does not offer 0");
    expect(desk.offer("a", "1").sha256).toBe(SHA256);
  });
});

describe("what a node is asked to do", () => {
  const asks = (text: string, at = "a"): News => ({ news: "asks", at, words: text });
  const built = (asked: number, id = "a"): News => ({ news: "built", id, hostsLost: 0, retries: 0, asked });
  const failed = (asked: number): News => ({ news: "failed", id: "a", words: "build", why: "no", asked });
  /** What node `a` does of a room, of which so many entries were there before its process was. */
  const done = async (before: number, said: readonly (News | undefined)[]): Promise<string[]> => {
    const did: string[] = [];
    const perform = async ({ words, number }: { words: string; number: number }) => void did.push(`${words} ${number}`);
    const orders = new Orders("a", perform, ({ number }, { message }) => did.push(`${number}: ${message}`));
    for (const [index, news] of said.entries()) {
      orders.heard({ ...entry(1, "left"), number: index + 1, past: index < before }, news);
    }
    await orders.done;
    return did;
  };

  it("is done once, in order, where it is for this node", async () => {
    const said = [serves("a", 1), asks("build"), asks("build", "b"), asks("fetch x b"), built(2)];
    expect(await done(0, said)).toEqual(["build 2", "fetch x b 4"]);
  });

  it("of before it was started is the builds alone that it did not answer, once it serves again", async () => {
    const before = [serves("a", 1), asks("build"), asks("build"), asks("build"), asks("fetch x b"), asks("build", "b")];
    const answers = [built(2), built(4, "b"), failed(3)];
    const all = [...before, ...answers];
    expect(await done(all.length, all)).toEqual([]);
    expect(await done(all.length, [...all, undefined, serves("b", 1)])).toEqual([]);
    expect(await done(all.length, [...all, asks("fetch y b"), serves("a", 1), asks("build")])).toEqual([
      "build 4",
      "fetch y b 10",
      "build 12",
    ]);
  });

  it("is refused where too much waits", async () => {
    const did = await done(0, [serves("a", 1), ...Array.from({ length: 17 }, () => asks("build"))]);
    expect(did[0]).toBe("18: 16 things that were asked before are not done yet");
    expect(did.length).toBe(17);
  });
});
