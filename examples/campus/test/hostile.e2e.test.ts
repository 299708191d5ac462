/** Peers that are in the room, or at it, and want nothing good: a node outlives them, and says what was wrong. */
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { existsSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { join } from "node:path";
import { join as joinRoom } from "@lab/broadcast";
import { expect, it } from "vitest";
import { beside } from "../../../test/beside.js";
import { scratchFolder } from "../../../test/scratch.js";
import { LocalNodes } from "./local-nodes.js";

const RAKEFILE =
  "actionset1:\n\tremote-mkdir -p dist; tr a-z A-Z <a.txt >dist/b.txt\n\t\trequires a.txt\n\t\tproduces dist/b.txt\n";
const PROJECT = { "a/project/Rakefile": RAKEFILE, "a/project/a.txt": "good morning\n" };
const SECRET = new TextEncoder().encode("0123456789abcdef");
const SHA256 = "0".repeat(64);
const serves = (id: string, rake: unknown, files: unknown = 1, host: unknown = "127.0.0.1") => {
  return { news: "serves", id, host, rake, files, box: 1 };
};

/** None of it is news. */
const GARBAGE: readonly (string | Uint8Array)[] = [
  Uint8Array.of(0xff, 0x00, 0x1b, 0x5b),
  "\u001b]0;owned\u0007\u009b31m\u202eevil",
  "x".repeat(200_000),
  "[".repeat(200_000),
  '{"__proto__":{"news":"leads","id":"a","epoch":9}}',
  '{"news":"leads","id":"a","epoch":9,"__proto__":1}',
  '{"news":["leads"],"id":"a","epoch":9}',
  '{"news":{"toString":1}}',
  ...[
    ...["null", "", "7", "[]", '"leads"'].map((text) => JSON.parse(text === "" ? "{}" : text) as unknown),
    { news: "hasOwnProperty" },
    { news: "leads", id: "a\u001b[2J", epoch: 9 },
    { news: "leads", id: "y".repeat(100_000), epoch: 9 },
    { news: "leads", id: "a", epoch: -1 },
    serves("../../evil", 1),
    serves("evil", 0),
    serves("evil", 65_536),
    serves("evil", 1.5),
    serves("evil", "1"),
    serves("evil", 1, 1, ""),
    serves("evil", 1, 1, "a b/../c"),
    { news: "asks", at: "a" },
    { news: "asks", at: "a", words: ["build"] },
    { news: "asks", at: "a", words: "build ".repeat(10_000) },
    { news: "offers", id: "a", name: "../../evil", sha256: SHA256, bytes: 3 },
    { news: "offers", id: "a", name: "..", sha256: SHA256, bytes: 3 },
    { news: "offers", id: "a", name: "b.txt", sha256: "\u001b", bytes: 3 },
  ].map((one) => JSON.stringify(one)),
];

async function intrude(nodes: LocalNodes) {
  const room = await joinRoom({ address: nodes.room, name: "mallory" });
  const say = async (said: unknown): Promise<number> => await room.publish(JSON.stringify(said));
  const ask = async (at: string, words: string): Promise<number> => await say({ news: "asks", at, words });
  return { room, say, ask, [Symbol.asyncDispose]: async () => await room.close() };
}

async function listen(onSocket: (socket: Socket) => void) {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => onSocket(socket.on("error", () => {})));
  server.on("connection", (socket) => sockets.add(socket));
  await once(server.listen(0, "127.0.0.1"), "listening");
  const close = async (): Promise<void> => {
    for (const socket of sockets) socket.destroy();
    await once(server.close(), "close");
  };
  return { port: (server.address() as AddressInfo).port, [Symbol.asyncDispose]: close };
}

it.concurrent(
  "garbage in the room is told as such, in a line that steers no terminal, and changes nothing",
  beside(async () => {
    const base = scratchFolder(PROJECT);
    await using nodes = await LocalNodes.make({ base, log: join(base, "room") });
    await nodes.start("a").room;
    await using mallory = await intrude(nodes);
    const last = (await mallory.room.publishAll(GARBAGE)).at(-1) ?? 0;
    await nodes.said(`#${last} `);
    const said = nodes.lines.slice(-GARBAGE.length);
    expect(said.map((line) => line.replace(/^a: #\d+ mallory says, which does not count: .*$/, "no news"))).toEqual(
      GARBAGE.map(() => "no news"),
    );
    for (const line of nodes.lines) expect(line).toMatch(/^[^\p{C}]{1,2000}$/u);
    await mallory.ask("a", "build");
    await nodes.said("a builds workers a");
    await nodes.said("a built hostsLost 0");
  }),
  60_000,
);

it.concurrent(
  "a registry that names strange hosts, and odd wishes, come to a line each; builds are right all the same",
  beside(async () => {
    const base = scratchFolder(PROJECT);
    await using nodes = await LocalNodes.make({ base, log: join(base, "room") });
    await nodes.start("a").room;
    await using talker = await listen((socket) => socket.end("HTTP/1.1 200 OK\r\n\r\n"));
    await using mute = await listen(() => {});
    await using one = await intrude(nodes);
    await using other = await intrude(nodes);
    await using third = await intrude(nodes);
    await one.say(serves("evil", talker.port, talker.port));
    await other.say(serves("mute", mute.port, mute.port));
    await third.say(serves("gone", 1));
    await one.say({ news: "offers", id: "evil", name: "x", sha256: SHA256, bytes: 3 });
    await one.ask("a", "build");
    await nodes.said("a builds workers a evil gone mute");
    await nodes.said("a built hostsLost 0");
    for (const [words, why] of [
      ["fetch ../../etc/passwd a", "a does not offer ../../etc/passwd"],
      ["fetch ../../etc/passwd evil", "evil does not offer ../../etc/passwd"],
      ["fetch x evil", "the server broke the protocol"],
      ["fetch b.txt ../a", "there is no ../a in the room, which has a, evil, gone, mute"],
      ["push ../Rakefile 127.0.0.1:9", "there is no file ../Rakefile in dist of a"],
      ["push ../../../../../etc/passwd a", "there is no file ../../../../../etc/passwd in dist of a"],
      ["push b.txt 255.255.255.255:9", "cannot reach 255.255.255.255:9"],
      ["push b.txt 0.0.0.0:0", "port is 0"],
      ["push b.txt 127.0.0.1:99999", '"127.0.0.1:99999" is no HOST:PORT'],
      ["push b.txt [::1", '"[::1" is no HOST:PORT'],
      ["push b.txt nobody", "there is no nobody in the room"],
      ["push b.txt gone", "nobody listens on 127.0.0.1:1"],
      ["\u001b[2J", "what can be asked is build"],
      ["build now", "what can be asked is build"],
    ] as const) {
      const number = await one.ask("a", words);
      const line = await nodes.said(`#${number + 1} `);
      expect(line.replace("\\x1b", "\u001b")).toContain(`a failed: ${words}: ${why}`);
    }
  }),
  60_000,
);

it.concurrent(
  "without the secret nobody gets in, and noise at every port changes nothing",
  beside(async () => {
    const base = scratchFolder(PROJECT);
    await using nodes = await LocalNodes.make({ base, log: join(base, "room"), secret: SECRET });
    const room = await nodes.start("a").room;
    for (const secret of [undefined, "another secret of sixteen"]) {
      const given = secret === undefined ? {} : { secret };
      await expect(joinRoom({ address: nodes.room, name: "mallory", maxAttempts: 1, ...given })).rejects.toThrow();
    }
    const [, ...served] = /rake (\d+), files (\d+), box (\d+)/.exec(await nodes.said("a serves")) ?? [];
    const [rake = 0, files = 0, box = 0] = served.map(Number);
    const noise = [...GARBAGE, Uint8Array.from({ length: 5_000 }, (_, index) => (index * 7_919) % 251)];
    for (const port of [rake, files, Number(nodes.room.split(":")[1]), Number(nodes.election.split(":")[1])]) {
      for (const bytes of noise) {
        const socket = connect(port, "127.0.0.1").on("error", () => {});
        socket.end(bytes).resume();
        await once(socket, "close").catch(() => {});
      }
    }
    const udp = createSocket("udp4");
    for (const bytes of noise) udp.send(bytes.slice(0, 9_000), box, "127.0.0.1");
    await room.publish(JSON.stringify({ news: "asks", at: "a", words: "build" }));
    await nodes.said("a built hostsLost 0");
    await room.publish(JSON.stringify({ news: "asks", at: "a", words: "push b.txt a" }));
    await nodes.said("a pushed name b.txt");
    udp.close();
  }),
  60_000,
);

it.concurrent(
  "links, folders and odd names in dist are not handed out; what changes after it was offered is refused",
  beside(async () => {
    const base = scratchFolder({ ...PROJECT, "a/project/dist/folder/b.txt": "", "a/project/dist/two words": "" });
    const dist = join(base, "a/project/dist");
    symlinkSync("/etc/passwd", join(dist, "passwd"));
    symlinkSync("nothing", join(dist, "dangling"));
    await using nodes = await LocalNodes.make({ base, log: join(base, "room") });
    const room = await nodes.start("a").room;
    const ask = async (words: string): Promise<void> => {
      await room.publish(JSON.stringify({ news: "asks", at: "a", words }));
    };
    await ask("build");
    await nodes.said("a built");
    const offers = nodes.lines.filter((line) => line.includes("offers"));
    expect(offers).toEqual([expect.stringContaining("a offers name b.txt")]);
    await ask("push passwd a");
    await nodes.said("a failed: push passwd a: there is no file passwd in dist of a");
    writeFileSync(join(dist, "b.txt"), "EVIL EVIL EVIL");
    await ask("fetch b.txt a");
    await nodes.said("a failed: fetch b.txt a: ");
    expect(existsSync(join(base, "a/fetched/b.txt"))).toBe(false);
    rmSync(dist, { recursive: true });
    await ask("fetch b.txt a");
    await nodes.said("a failed: fetch b.txt a: ", nodes.lines.length);
    rmSync(join(base, "a/project"), { recursive: true });
    await ask("build");
    await nodes.said("a failed: build: there is no Rakefile in");
    await ask("push b.txt a");
    await nodes.said("a failed: push b.txt a: there is no file b.txt in dist of a");
  }),
  60_000,
);

// It leaves no time to others.
it("whoever asks too often is refused; who comes after 12,000 entries builds with those who are there", async () => {
  const base = scratchFolder({ ...PROJECT, "d/project/Rakefile": RAKEFILE, "d/project/a.txt": "good night\n" });
  await using nodes = await LocalNodes.make({ base, log: join(base, "room") });
  await nodes.start("a").room;
  await using mallory = await intrude(nodes);
  const asked = JSON.stringify({ news: "asks", at: "a", words: "build" });
  await mallory.room.publishAll(Array.from({ length: 2_000 }, () => asked));
  await mallory.room.publishAll(Array.from({ length: 10_000 }, (_, number) => `nonsense ${number}`));
  await nodes.said("nonsense 9999");
  await nodes.said("a failed: build: 16 things that were asked before are not done yet");
  const d = nodes.start("d");
  await d.room;
  await nodes.said("d: #12000 ");
  await mallory.ask("d", "build");
  await nodes.said("d builds workers a d");
  await nodes.said("d built hostsLost 0");
  await nodes.said("a built hostsLost 0");
  expect(nodes.lines.filter((line) => line.includes("trouble"))).toEqual([]);
}, 120_000);
