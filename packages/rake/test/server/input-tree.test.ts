import { expect, test } from "vitest";
import { treeFault } from "../../src/core/input-tree.js";

test("R22: inputs are in at most 20,000 folders: to make more holds a server up", () => {
  const deep = (index: number): string => `${index}/${"a/".repeat(1_999)}f`;
  expect(treeFault(Array.from({ length: 10 }, (_, index) => deep(index)))).toBeUndefined();
  expect(treeFault(Array.from({ length: 11 }, (_, index) => deep(index)))).toBe("inputs in more than 20000 folders");
});
