/** A room that an error has ended: who still publishes is told which (docs/broadcast.md B20). */
import { expect, it } from "vitest";
import { join, serve } from "../../src/index.js";

it("B20: after a handler that threw, `ended` and every later publish say so, with the cause", async () => {
  await using server = await serve();
  const boom = new Error("boom");
  await using room = await join({
    address: server.address,
    name: "ada",
    handler: () => {
      throw boom;
    },
  });
  await room.publish("hello").catch(() => {}); // it may be decided, or not
  const message = "the handler failed: boom";
  await expect(room.ended).rejects.toMatchObject({ code: "APPLICATION", message, cause: boom });
  await expect(room.publish("late")).rejects.toMatchObject({
    code: "ENDED",
    message: `the room has ended: ${message}`,
    cause: expect.objectContaining({ code: "APPLICATION" }),
  });
});

it("B20: one whose position cannot be saved ends in the same way", async () => {
  await using server = await serve();
  await using room = await join({
    address: server.address,
    name: "ada",
    handler: () => {},
    savePosition: () => Promise.reject(new Error("full disk")),
  });
  await room.publish("hello").catch(() => {});
  await expect(room.ended).rejects.toMatchObject({ message: "savePosition failed: full disk" });
  await expect(room.publish("late")).rejects.toMatchObject({ code: "ENDED" });
});

it("a room that was left says that it was left", async () => {
  await using server = await serve();
  const room = await join({ address: server.address, name: "ada" });
  await room.leave();
  await expect(room.publish("late")).rejects.toMatchObject({ code: "LEFT" });
});
