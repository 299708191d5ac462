import { describe, expect, it } from "vitest";
import { isLockText, type LockOwner, lockHolder, lockLine, unlockLine } from "../../src/core/lock-lines.js";

const owner = (id: string, pid = 1): LockOwner => ({ id, pid, started: "12 o'clock", host: "a host\n" });
const [a, b, c] = [owner("a", 1), owner("b", 2), owner("c", 3)];
const living =
  (...pids: readonly number[]) =>
  ({ pid }: LockOwner): boolean =>
    pids.includes(pid);

describe("H32: the first line of a lock file whose process lives and that was not given up is the holder's", () => {
  it.each<readonly [title: string, text: string, lives: readonly number[], holder: LockOwner | undefined]>([
    ["nobody", "", [1], undefined],
    ["the only one", lockLine(a), [1], a],
    ["the first one", lockLine(a) + lockLine(b), [1, 2], a],
    ["the one after a dead one", lockLine(a) + lockLine(b) + lockLine(c), [2, 3], b],
    ["not one that gave up", lockLine(a) + lockLine(b) + unlockLine("b") + lockLine(c), [2, 3], c],
    ["nobody where all are dead", lockLine(a) + lockLine(b), [], undefined],
    ["not one that a full disk cut off", lockLine(a).slice(0, 12) + lockLine(b), [1, 2], b],
  ])("%s", (_title, text, lives, holder) => {
    expect(isLockText(text)).toBe(true);
    expect(lockHolder(text, living(...lives))).toEqual(holder);
  });

  it("a text that is something else is no lock file", () => {
    for (const text of ["precious", "hold", "\nhold a b\nprecious\n", "{}"]) {
      expect([text, isLockText(text)]).toEqual([text, text === "hold"]); // `hold` alone: a line that was cut off
    }
    expect(lockHolder("\nhold x -5 - h\nhold x 1 %zz h\nhold", () => true)).toBeUndefined();
  });
});
