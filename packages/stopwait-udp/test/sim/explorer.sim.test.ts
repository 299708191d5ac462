/** Every schedule of a transfer of three blocks with so many faults; `run-explorer.ts` goes further. */
import { explore, renderDiagram, renderSchedule } from "@lab/simnet";
import { describe, expect, it } from "vitest";
import { run } from "../../../../test/process.js";
import { bundled } from "../../../../test/programs.js";
import type { ExploredSummary } from "./explore-transfer.js";
import { describeDatagram, type ExploredTransfer, exploredTransfer } from "./explorer-scenarios.js";
import { type OriginalTransfer, originalTransfer } from "./original-scenarios.js";

const transfers: readonly ExploredTransfer[] = (["v2", "v1"] as const).flatMap((version) =>
  (["get", "put"] as const).map((operation) => ({ version, operation, blocks: 3 })),
);

const program = bundled(new URL("./explore-transfer.ts", import.meta.url));

/**
 * Explores in a process of its own. Its collector of garbage has one thread: several would wait for each other where all
 * cores are busy with explorations, and that costs more than they save.
 */
async function exploredApart({ version, operation }: ExploredTransfer, maxFaults: number): Promise<ExploredSummary> {
  const words = ["--single-threaded-gc", program, version, operation, String(maxFaults)];
  const { code, stdout, stderr } = await run(process.execPath, words);
  if (code !== 0) throw new Error(`the exploration ended with ${code}: ${stderr}`);
  return JSON.parse(stdout) as ExploredSummary;
}

/** What the last part of the name of an end state, before the reports of the server, says of client and file. */
function endings({ endStates }: ExploredSummary): string[] {
  return [...new Set(endStates.map((name) => name.replace(/, server: .*/, "")))].sort();
}

describe("our machines, three blocks", () => {
  it.concurrent.each(transfers)(
    "S28, S54, S55, S56: $version $operation under every schedule of two losses, copies, delays, crashes or early timers: I1 to I4",
    async (transfer) => {
      const report = await exploredApart(transfer, 2);
      expect(report.failures).toEqual([]);
      expect(report.ended, report.text).toBe("complete");
      // What must be there if anything was explored: success, a client that crashed, a server that came back as another.
      expect(endings(report)).toEqual(expect.arrayContaining(["crashed, file", "crashed, no file", "success, file"]));
      expect(endings(report)).toContain(transfer.operation === "put" ? "unknown, file" : "failed: timeout, no file");
      expect(report.states).toBeGreaterThan(2_000);
    },
    600_000,
  );

  it.each(transfers)("S58: the fingerprints of $version $operation merge nothing that ends otherwise", (transfer) => {
    const scenario = exploredTransfer(transfer);
    const [merged, apart] = [true, false].map((hashing) => explore(scenario, { maxFaults: 1, hashing }));
    expect(merged?.merged).toBeGreaterThan(50);
    expect(apart?.merged).toBe(0);
    expect([...(merged?.endStates.keys() ?? [])].sort()).toEqual([...(apart?.endStates.keys() ?? [])].sort());
    expect([merged?.failures, apart?.failures]).toEqual([[], []]);
  });
});

describe("S29: the explorer finds by itself what the original's rules get wrong", () => {
  const find = (transfer: OriginalTransfer, maxFaults: number) => {
    const [failure] = explore(originalTransfer(transfer), { maxFaults }).failures;
    if (failure === undefined) throw new Error("nothing was found");
    return { ...failure, text: renderSchedule(failure).split("\n") };
  };

  it("B1: a GET writes block 1 twice, one delay being enough", () => {
    const { text, faults } = find({ operation: "get", blocks: 3, looksFor: "twice" }, 3);
    expect(faults).toBe(1);
    expect(text).toEqual([
      "the file holds the blocks 1,2,1 (1 fault, 9 steps)",
      "  1  the timer of client fires",
      "  2  packet 1 from client to server (G000000 file) arrives",
      "! 3  packet 2 from server to client (D100001 (100 B)) is held back",
      "  4  the timer of client fires",
      "  5  packet 3 from client to server (G000000 file) arrives",
      "  6  packet 4 from server to client (D100001 (100 B)) arrives",
      "  7  packet 5 from client to server (A100001) arrives",
      "  8  packet 6 from server to client (D000002 (100 B)) arrives",
      "  9  packet 2 from server to client (D100001 (100 B)) arrives, held back until now",
    ]);
  });

  it("B2: a PUT of three blocks has the first in place of the third, at the right size, and is a success", () => {
    const { text, faults } = find({ operation: "put", blocks: 3, looksFor: "swapped" }, 3);
    expect(faults).toBe(1);
    expect(text[0]).toBe("a success, and the file holds the blocks 1,2,1 (1 fault, 15 steps)");
    expect(text[4]).toBe("!  4  packet 3 from client to server (D100001 (100 B)) is held back");
  });

  it("B2: of five blocks, D2 in place of D4 among others", () => {
    const scenario = originalTransfer({ operation: "put", blocks: 5, looksFor: "swapped" });
    const { failures } = explore(scenario, { maxFaults: 1, maxFailures: 100 });
    expect(failures.map(({ message }) => message.replace(/.* the blocks /, "")).sort()).toEqual([
      "1,2,1,4,5",
      "1,2,3,2,5",
      "1,2,3,4,1",
      "1,2,3,4,3",
    ]);
    const text = failures.map(renderSchedule).find((one) => one.includes("1,2,3,2,5"));
    expect(text).toMatch(/! .*\(D000002 .* is held back/);
    expect(text).toMatch(/\(D000002 .* held back until now\n.*\(D000004 .*\) arrives\n/);
  });

  it("B3: a PUT loses blocks 3 and 4: the late A1 is taken for that of D3, and D4 for a copy", () => {
    const { text, faults } = find({ operation: "put", blocks: 5, looksFor: "lost" }, 3);
    expect(faults).toBe(2);
    expect(text[0]).toBe("a success, and the file holds the blocks 1,2,5 (2 faults, 18 steps)");
    expect(text.filter((line) => line.startsWith("!"))).toEqual([
      "!  5  packet 4 from server to client (A100001) is held back",
      "! 12  packet 9 from client to server (D100003 (100 B)) is lost",
    ]);
    expect(text[11]).toBe("  11  packet 4 from server to client (A100001) arrives, held back until now");
  });

  it("the shortest trace of each is a diagram", () => {
    const { trace, message } = find({ operation: "get", blocks: 3, looksFor: "twice" }, 1);
    const svg = renderDiagram(trace, { title: message, describe: describeDatagram, nodes: ["client", "server"] });
    expect(svg).toMatch(/^<svg /);
    for (const text of ["the file holds the blocks 1,2,1", "D100001 (100 B)", "G000000 file"])
      expect(svg).toContain(text);
  });
});
