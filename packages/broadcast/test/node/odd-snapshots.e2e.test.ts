/** An application whose snapshots are none (docs/broadcast.md B31). */
import { expect, it } from "vitest";
import { join, type Snapshot, serve } from "../../src/index.js";

it("B31: what is no snapshot is told to the logger, and counts as none", async () => {
  for (const given of [null, { upTo: 0 }, { upTo: 0, bytes: "text" }, "snapshot"]) {
    const errors: string[] = [];
    const nothing = (): void => {};
    const logger = {
      debug: nothing,
      info: nothing,
      warn: nothing,
      error: (_: object, text: string) => errors.push(text),
    };
    await using server = await serve({ snapshot: () => given as unknown as Snapshot, logger });
    await using room = await join({ address: server.address, name: "ada", start: "snapshot", handler: () => {} });
    expect(await room.publish("hello")).toBe(2);
    expect(errors).toEqual(["the application gave no snapshot"]);
  }
});
