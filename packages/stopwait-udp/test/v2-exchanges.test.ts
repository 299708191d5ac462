import { describe, expect, it } from "vitest";
import { bytes, get, isSame, put, scene } from "./v2-transfers.js";

const SIZES = [0, 1, 99, 100, 101, 200, 1_375, 1_376, 1_377, 4_128, 70_000, 200_001];

describe("v2 exchanges", () => {
  it("S31, S35, S36, S45: a GET of three blocks, packet by packet", () => {
    const here = scene({ "a.txt": bytes(228) });
    const { outcome, disk } = get(here, "a.txt", { blockBytes: 76 });
    here.world.run();
    expect(here.world.story).toEqual([
      "C REQ",
      "S CHALLENGE",
      "C REQ",
      "S ACCEPT",
      ...["C ACK", "S DATA", "C ACK", "S DATA", "C ACK", "S DATA"],
      "C ACK",
      "S FIN",
      "C FINACK",
    ]);
    expect(outcome()).toMatchObject({ type: "success", bytes: 228 });
    expect(disk.read("a.txt")).toEqual(bytes(228));
    expect(here.world.served).toMatchObject([{ operation: "get", outcome: "done", bytes: 228 }]);
  });

  it("S31, S35, S37, S45: a PUT of three blocks, packet by packet", () => {
    const here = scene();
    const { outcome } = put(here, "a.txt", bytes(228), { blockBytes: 76 });
    here.world.run();
    expect(here.world.story).toEqual([
      "C REQ",
      "S CHALLENGE",
      "C REQ",
      "S ACCEPT",
      ...["C DATA", "S ACK", "C DATA", "S ACK", "C DATA", "S ACK"],
      "C FIN",
      "S FINACK",
    ]);
    expect(outcome()).toMatchObject({ type: "success", bytes: 228 });
    expect(here.disk.read("a.txt")).toEqual(bytes(228));
    expect(here.world.served).toMatchObject([{ operation: "put", outcome: "done", bytes: 228 }]);
  });

  for (const window of [1, 2, 8, 32]) {
    it(`S36, S37, S50: every size arrives whole, window ${window}, and nothing stays open`, () => {
      for (const size of SIZES) {
        const here = scene({ source: bytes(size) });
        const fetched = get(here, "source", { window });
        const stored = put(here, "target", bytes(size, 2), { window });
        here.world.run();
        expect(fetched.outcome(), `GET of ${size}`).toMatchObject({ type: "success", bytes: size });
        expect(isSame(fetched.disk.read("source"), bytes(size))).toBe(true);
        expect(stored.outcome(), `PUT of ${size}`).toMatchObject({ type: "success", bytes: size });
        expect(isSame(here.disk.read("target"), bytes(size, 2))).toBe(true);
        for (const disk of [here.disk, fetched.disk, stored.disk])
          expect([disk.openFiles, disk.partKeys]).toEqual([0, []]);
        expect([here.server.liveSessions, here.server.memories, here.server.nextDeadline()]).toEqual([0, 0, undefined]);
      }
    });
  }
});
