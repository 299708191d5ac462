/** Golden scenarios: worlds and their traces as text (scenarios/*.txt). UPDATE_SCENARIOS=1 writes them anew. */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { renderTrace, World, type WorldOptions } from "../src/core/index.js";
import { datagramProbe, payload } from "./probe.js";
import { client, server } from "./transfer.js";

const text = (words: string): Uint8Array => new TextEncoder().encode(words);

function talk(options: WorldOptions): World {
  const world = new World({ nodes: { alice: datagramProbe().create, bob: datagramProbe().create }, ...options });
  const lines = ["one", "two", "three", "four", "five", "six"];
  for (const [index, line] of lines.entries()) {
    world.command("alice", { type: `say ${line}`, to: "bob", bytes: text(line) }, index * 100);
  }
  return world;
}

function transfer(options: WorldOptions): World {
  const nodes = {
    server: server({ writes: [text("220 ready\r\n")], endsLast: true }).probe.create,
    client: client({ writes: [payload(3_000)] }).probe.create,
  };
  return new World({ nodes, impairments: { latencyMs: 20 }, ...options });
}

const scenarios: readonly (readonly [rules: string, name: string, world: () => World])[] = [
  [
    "N8, N9, N20",
    "packet-faults",
    () =>
      talk({
        impairments: { latencyMs: 20 },
        faults: [
          { type: "drop", from: "alice", to: "bob", index: 2 },
          { type: "duplicate", from: "alice", to: "bob", index: 3, afterMs: 30 },
          { type: "delay", from: "alice", to: "bob", index: 4, byMs: 150 },
          { type: "corrupt", from: "alice", to: "bob", index: 6, byte: 0, mask: 4 },
        ],
      }),
  ],
  ["N7, N9", "slow-line", () => talk({ impairments: { latencyMs: 5, bytesPerSecond: 12, queuePackets: 2 } })],
  [
    "N2",
    "everything-at-once",
    () =>
      talk({
        seed: 7,
        impairments: {
          latencyMs: 40,
          jitterMs: 30,
          drop: 0.2,
          duplicate: 0.3,
          duplicateMs: 50,
          reorder: 0.3,
          corrupt: 0.2,
        },
      }),
  ],
  [
    "N21, N22, N23",
    "cut-pause-crash",
    () =>
      talk({
        faults: [
          { type: "cut", from: "alice", to: "bob", atMs: 50, forMs: 100 },
          { type: "pause", node: "bob", atMs: 150, forMs: 100 },
          { type: "crash", node: "bob", atMs: 350, restartAfterMs: 100 },
          { type: "skew", node: "bob", atMs: 460, byMs: -10 },
        ],
      }),
  ],
  ["N11, N12, N13", "stream", () => transfer({})],
  [
    "N11, N18",
    "stream-with-losses",
    () =>
      transfer({
        faults: [
          { type: "drop", from: "client", to: "server", index: 3 },
          { type: "corrupt", from: "server", to: "client", index: 2, byte: 0, mask: 1 },
        ],
      }),
  ],
  [
    "N16, N17",
    "stream-crash",
    () => transfer({ faults: [{ type: "crash", node: "server", atMs: 50, restartAfterMs: 500 }] }),
  ],
];

it.each(scenarios)("%s: scenario %s", (_rules, name, make) => {
  const world = make();
  world.run();
  const path = join(import.meta.dirname, "scenarios", `${name}.txt`);
  const trace = renderTrace(world.trace);
  if (process.env["UPDATE_SCENARIOS"] === "1") writeFileSync(path, trace);
  expect(existsSync(path), `${path} is missing: run with UPDATE_SCENARIOS=1, and read what it wrote`).toBe(true);
  expect(trace).toBe(readFileSync(path, "utf8"));
});
