/** What a node does of what it was asked before it was there, and what it bids. */
import { join } from "node:path";
import { build } from "@lab/rake";
import { expect, it } from "vitest";
import { beside } from "../../../test/beside.js";
import { scratchFolder } from "../../../test/scratch.js";
import { newsText } from "../src/news.js";
import { LocalNodes } from "./local-nodes.js";

const RAKEFILE =
  "actionset1:\n\tremote-mkdir -p dist; tr a-z A-Z <a.txt >dist/b.txt\n\t\trequires a.txt\n\t\tproduces dist/b.txt\n";

it.concurrent(
  "a build that was asked for before a node was started, and not answered, is done by it, once; a copy is not",
  beside(async () => {
    const base = scratchFolder({ "d/project/Rakefile": RAKEFILE, "d/project/a.txt": "good morning\n" });
    await using nodes = await LocalNodes.make({ base, log: join(base, "room") });
    const room = await nodes.start("a").room;
    const ask = async (words: string): Promise<number> =>
      await room.publish(newsText({ news: "asks", at: "d", words }));
    await ask("fetch b.txt d");
    const asked = await ask("build");
    for (const words of ["nonsense 1", "nonsense 2"]) {
      const d = nodes.start("d");
      await d.room;
      await ask(words);
      await nodes.said(`d failed: ${words}`);
      await d.end();
    }
    // All nodes print the same entries.
    const done = nodes.lines.flatMap((line) => /: (#\d+ d (?:builds|built|failed).*)$/.exec(line)?.[1] ?? []);
    expect([...new Set(done)].map((line) => line.replace(/^#\d+ /, ""))).toEqual([
      expect.stringMatching(/^d builds workers .*d/),
      `d built hostsLost 0, retries 0, asked ${asked}`,
      expect.stringMatching(/^d failed: nonsense/),
      expect.stringMatching(/^d failed: nonsense/),
    ]);
  }),
  60_000,
);

it.concurrent(
  "the bid of a node carries the load that its election reports",
  beside(async () => {
    const base = scratchFolder({ "a/project/a.txt": "good morning\n", "d/project/a.txt": "good morning\n" });
    await using nodes = await LocalNodes.make({ base, log: join(base, "room") });
    const load = { cpuPercent: 100, memoryPercent: 0, swapPercent: 0 };
    await nodes.start("a", load).room;
    await nodes.start("d", { ...load, cpuPercent: 0 }).room;
    /** Of a core, as a node bids (docs/rake.md R29): nothing is learned of this action, so that its work is 1 s. */
    const freeShare = async (id: string): Promise<number> => {
      const [, port] = /rake (\d+)/.exec(await nodes.said(`${id} serves`)) ?? [];
      let [speed, share] = [0, 0];
      await build({
        rakefile: RAKEFILE,
        folder: join(base, id, "project"),
        hosts: [{ host: "127.0.0.1", port: Number(port) }],
        onEvent: (event) => {
          if (event.type === "hostUp") speed = event.facts.speed;
          if (event.type === "bid") share = 1_000_000 / (event.parts.runMs * speed);
        },
      });
      return share;
    };
    expect(await freeShare("d")).toBeCloseTo(1, 1);
    expect(await freeShare("a")).toBeLessThan(0.9);
  }),
  60_000,
);
