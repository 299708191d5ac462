import { expect, it } from "vitest";
import { COURSE } from "../src/core/course.js";
import { LinkModel } from "../src/core/link-model.js";
import { Random } from "../src/core/random.js";

/** Bytes a second that get through when a sender offers a packet every millisecond for a minute. */
function throughput(parallelLines: boolean, length: number): number {
  const link = new LinkModel({ ...COURSE, parallelLines }, new Random(1));
  let arrived = 0;
  for (let now = 0; now < 60_000; now++) {
    for (const fate of link.offer(now, new Uint8Array(length))) {
      if (fate.type === "arrives" && fate.at <= 60_000) arrived += length;
    }
  }
  return arrived / 60;
}

it.each([107, 1_400])(
  "N52, N68: packets of %i bytes: a true line carries its rate, the course's proxy three times that",
  (length) => {
    const serial = throughput(false, length);
    expect(serial).toBeGreaterThan(9_700);
    expect(serial).toBeLessThanOrEqual(10_000);
    expect(throughput(true, length) / serial).toBeGreaterThan(2.7);
    expect(throughput(true, length) / serial).toBeLessThanOrEqual(3.05);
  },
);

it("N52, N68: of a burst of four packets of 1,400 bytes the course's proxy loses one, and the others arrive together", () => {
  const link = new LinkModel(COURSE, new Random(1));
  const fates = Array.from({ length: 4 }, () => link.offer(0, new Uint8Array(1_400))).flat();
  expect(fates.map((fate) => (fate.type === "arrives" ? fate.at : fate.why))).toEqual([190, 190, 190, "queue"]);
});
