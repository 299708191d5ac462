/** Two nodes as on two machines: a log in Redis, a secret, and only one that votes. */
import { join } from "node:path";
import { expect } from "vitest";
import { startRedis } from "../../../packages/broadcast/test/engines/start-servers.js";
import { itWith } from "../../../test/components.js";
import { scratchFolder } from "../../../test/scratch.js";
import { digestOf } from "../src/tasks.js";
import { LocalNodes } from "./local-nodes.js";

const RAKEFILE =
  "actionset1:\n\tremote-mkdir -p dist; tr a-z A-Z <a.txt >dist/b.txt\n\t\trequires a.txt\n\t\tproduces dist/b.txt\n";

itWith(
  "redis",
  "two nodes with a secret and a log in Redis build, fetch and push; who ends says so, and what fails is said",
  async () => {
    await using redis = await startRedis();
    const base = scratchFolder({ "d/project/Rakefile": RAKEFILE, "d/project/a.txt": "good morning\n" });
    const secret = new TextEncoder().encode("0123456789abcdef");
    await using nodes = await LocalNodes.make({ base, log: redis.url, secret });
    const a = nodes.start("a");
    const d = nodes.start("d");
    const room = await a.room;
    await d.room;
    const ask = async (at: string, words: string): Promise<number> =>
      await room.publish(JSON.stringify({ news: "asks", at, words }));
    await nodes.said("a leads epoch 1");
    for (const id of ["a", "d"]) await nodes.said(`${id} serves host 127.0.0.1`);
    await ask("d", "build");
    await nodes.said("d built hostsLost 0, retries 0");
    await ask("a", "fetch b.txt d");
    await nodes.said("a fetched name b.txt");
    await ask("d", "push b.txt a");
    await nodes.said("d pushed name b.txt");
    const files = ["d/project/dist", "a/fetched", "a/box"].map((folder) => digestOf(join(base, folder, "b.txt")));
    const [built, ...copies] = await Promise.all(files);
    expect(copies).toEqual([built, built]);
    await ask("a", "fetch c.txt d");
    await nodes.said("a failed: fetch c.txt d: d does not offer c.txt");
    await d.end();
    await nodes.said("d: leave");
    await a.end();
  },
  60_000,
);
