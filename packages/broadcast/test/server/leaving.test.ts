/** What follows on a LEAVE (docs/broadcast.md B2, B22). */
import { expect } from "vitest";
import { test } from "../../../../test/scenario.js";
import { Rig } from "./rig.js";

test("B2, B22: a LEAVE with a text or without one is appended, and the connection closed without a CLOSE", () => {
  for (const text of ["", "good night"]) {
    const rig = new Rig();
    const watcher = rig.observe();
    const a = rig.join(1);
    a.say({ type: "close", code: "LEAVE", text });
    expect(watcher.log()).toEqual(["1:join", "2:leave"]);
    expect(a.closed).toBe("the client left");
    expect(a.of("close")).toEqual([]);
  }
});
