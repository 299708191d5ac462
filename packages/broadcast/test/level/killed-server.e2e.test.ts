/** A server with a durable log is killed (SIGKILL) at any moment while members publish and read: docs/broadcast.md, A to G. */
import { describe, expect, it } from "vitest";
import type { Durability } from "../../src/core/server-contract.js";
import { temporaryFolder } from "./level-folder.js";
import { RestartedServer } from "./restarted-server.js";
import { Publisher, Reader, textOf } from "./watched-members.js";

const AT_ONCE = 100;

interface Run {
  readonly publisher: Publisher;
  readonly readers: readonly Reader[];
  readonly server: RestartedServer;
  /** The text that was published after all else. */
  readonly last: string;
  /** How many were published before the last restart was over. */
  readonly before: number;
}

/** Kills the server, or tells it to end, after so many acknowledgements each, and hands over what everybody saw in the end. */
async function run(
  folder: string,
  durability: Durability,
  kills: readonly number[],
  check: (run: Run) => void,
  { mutant = "", signal = "SIGKILL" }: { readonly mutant?: string; readonly signal?: "SIGKILL" | "SIGTERM" } = {},
): Promise<void> {
  await using server = await RestartedServer.start(folder, durability, mutant);
  const { address } = server;
  await using publisher = await Publisher.join(address, "ana");
  await using ben = await Reader.join(address, "ben");
  await using eve = await Reader.join(address, "eve");
  publisher.run(AT_ONCE);
  for (const after of kills) {
    await publisher.acknowledged(after);
    const welcomes = [ben, eve].map((reader) => [reader, reader.welcomes + 1] as const);
    await server.end(signal);
    // A short history would not wait for readers who come back later than the publisher; what was under way is sent again.
    publisher.pause();
    await server.start();
    await Promise.all(welcomes.map(([reader, count]) => reader.caughtUp(count)));
    publisher.run(AT_ONCE);
  }
  // More than were under way: one of these was published to the last life, and so are all behind it.
  await publisher.acknowledged(AT_ONCE + 1);
  const before = publisher.count;
  await publisher.acknowledged(1);
  await publisher.stop();
  const last = await publisher.last();
  await Promise.all([ben.until(last), eve.until(last)]);
  check({ publisher, readers: [ben, eve], server, last, before });
}

/** Nothing lost, nothing twice, one order, one epoch. */
function checkNothingHappened(kills: number): (run: Run) => void {
  return ({ publisher, readers, server, last }) => {
    const count = Number(last) + 1;
    const refused = [...publisher.outcomes].filter(([, outcome]) => typeof outcome !== "number");
    expect(refused, "publishes that failed").toEqual([]);
    for (const { entries, notices, texts } of readers) {
      expect(notices).toEqual([]);
      const first = entries[0]?.number ?? 0;
      expect(entries.map(({ number }) => number)).toEqual(entries.map((_, i) => first + i));
      expect(texts, "what was read").toEqual(Array.from({ length: count }, (_, i) => `${i}`));
      for (const entry of entries) {
        if (entry.kind === "message") expect(publisher.outcomes.get(textOf(entry))).toBe(entry.number);
      }
    }
    expect(server.epochs).toHaveLength(kills + 1);
    expect(server.epochs[0]).toMatch(/is new$/);
    const epoch = server.epochs[0]?.split(" ")[1];
    for (const later of server.epochs.slice(1)) expect(later).toBe(`epoch ${epoch} goes on`);
  };
}

/** What was acknowledged in the last epoch is there, nothing is twice, and every restart is told. */
function checkNewEpochs(kills: number): (run: Run) => void {
  return ({ publisher, readers, server, last, before }) => {
    for (const { entries, notices, texts } of readers) {
      expect(notices.filter(({ type }) => type === "epoch")).toHaveLength(kills);
      expect(new Set(texts).size, "texts, each once").toBe(texts.length);
      expect(texts).toEqual([...texts].sort((a, b) => Number(a) - Number(b)));
      const tail = entries.slice(entries.findIndex((entry) => textOf(entry) === `${before}`));
      expect(tail.filter(({ kind }) => kind === "message").map(textOf)).toEqual(
        Array.from({ length: Number(last) - before + 1 }, (_, i) => `${before + i}`),
      );
      for (const entry of tail)
        if (entry.kind === "message") expect(publisher.outcomes.get(textOf(entry))).toBe(entry.number);
    }
    expect(new Set(server.epochs.map((line) => line.split(" ")[1])).size).toBe(kills + 1);
    for (const line of server.epochs) expect(line).toMatch(/is new$/);
  };
}

describe.concurrent("a server with a durable log that is killed", () => {
  // A life takes a second or two; long runs have more of them.
  const more = Number(process.env["LAB_RUNS"] ?? 100) > 100 ? 10 : 0;
  const killsOf = (count: number): number[] => {
    return Array.from({ length: count + more }, () => 1 + Math.floor(Math.random() * 1_500));
  };

  for (const [durability, kills] of [
    ["written", killsOf(3)],
    ["fsync", killsOf(1)],
  ] as const) {
    it(`B13, B25, B27: ${durability}: nothing is lost, nothing is read twice, and the epoch goes on (${kills})`, async ({
      onTestFinished,
    }) => {
      await run(temporaryFolder(onTestFinished), durability, kills, checkNothingHappened(kills.length));
    });
  }

  const kills = killsOf(1);
  it(`B25, B26, B34: memory: a new epoch is told, nothing is read twice, and it goes on from there (${kills})`, async ({
    onTestFinished,
  }) => {
    await run(temporaryFolder(onTestFinished), "memory", kills, checkNewEpochs(kills.length));
  });

  it(`B25, B29: memory: after it was told to end, nothing is lost, and the epoch goes on (${kills})`, async ({
    onTestFinished,
  }) => {
    await run(temporaryFolder(onTestFinished), "memory", kills, checkNothingHappened(kills.length), {
      signal: "SIGTERM",
    });
  });

  it('B12: mutant "commit before stored" is caught by the test of written', async ({ onTestFinished, expect }) => {
    const check = checkNothingHappened(1);
    await expect(
      run(temporaryFolder(onTestFinished), "written", [400], check, { mutant: "commit before stored" }),
    ).rejects.toThrow(/publishes that failed|what was read|goes on/);
  });

  it('B13: mutant "last client seqs forgotten" is caught by the test of written', async ({
    onTestFinished,
    expect,
  }) => {
    const check = checkNothingHappened(1);
    await expect(
      run(temporaryFolder(onTestFinished), "written", [400], check, { mutant: "last client seqs forgotten" }),
    ).rejects.toThrow(/a last client seq of 0/);
  });
});
