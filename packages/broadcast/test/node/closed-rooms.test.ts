/** What a durable log keeps in memory of rooms that were closed (docs/broadcast.md B23, B29). */
import { expect, it } from "vitest";
import { firsts, metaOf, segmentOf, segmentWrite, startedStore, temporaryFolder } from "../level/level-folder.js";

it("B29: of a room that was closed nothing is kept in memory, and it is opened again as it was", async () => {
  const store = await startedStore(temporaryFolder());
  const rooms = Array.from({ length: 20 }, (_, index) => `room${index}`);
  for (const room of rooms) {
    await store.open(room);
    await store.write(room, [{ type: "meta", meta: metaOf() }]);
    await store.write(room, [segmentWrite(1, 2), segmentWrite(3)]);
  }
  expect(store.openRooms).toBe(20);
  for (const room of rooms) await store.write(room, [{ type: "meta", meta: metaOf({ clean: true }) }]);
  expect(store.openRooms).toBe(0);
  await expect(store.write("room3", [segmentWrite(4)])).rejects.toMatchObject({ code: "STORE" });
  const recovered = await store.open("room3");
  expect(recovered).toMatchObject({ meta: { clean: true }, segments: [segmentOf(1, 2), segmentOf(3)], damaged: false });
  await store.write("room3", [{ type: "meta", meta: metaOf() }, segmentWrite(4)]);
  expect(firsts(await store.read("room3", 1, 10_000))).toEqual([1, 3, 4]);
  expect(store.openRooms).toBe(1);
});

it("B29: a room that is opened while the mark of its close is on the way is kept", async () => {
  const store = await startedStore(temporaryFolder());
  await store.open("main");
  await store.write("main", [{ type: "meta", meta: metaOf() }, segmentWrite(1)]);
  const closing = store.write("main", [{ type: "meta", meta: metaOf({ clean: true }) }]);
  const opening = store.open("main");
  await closing;
  await opening;
  await store.write("main", [{ type: "meta", meta: metaOf() }, segmentWrite(2)]);
  expect(store.openRooms).toBe(1);
});
