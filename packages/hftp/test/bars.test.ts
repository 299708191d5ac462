import { describe, expect, it } from "vitest";
import type { Row } from "../../../bench/row.js";
import { rows as client } from "../bench/client.bench.js";
import { rows as server } from "../bench/server.bench.js";

describe("the bars of the document", () => {
  it("H42: each has its row in the bench", () => {
    const bars = ({ bar, direction, barOn, unit }: Row): unknown[] => [bar, direction, barOn ?? "ratio", unit];
    expect([...server, ...client].map(bars)).toEqual([
      [0.8, "at least", "ratio", "MiB/s"],
      [1.3, "at most", "ratio", "CPU s/GB"],
      [120, "at most", "value", "MiB"],
      [0.7, "at least", "ratio", "replies/s"],
      [1, "at least", "ratio", "MiB/s"],
    ]);
  });
});
