/** Publishes of an application: together where they come together, held where there are too many (docs/broadcast.md B35). */
import { setImmediate as turn } from "node:timers/promises";
import { expect, it } from "vitest";
import { PublishError } from "../../src/core/errors.js";
import { Outgoing } from "../../src/node/outgoing.js";

function setUp() {
  const handed: { firstId: number; texts: string[] }[] = [];
  const outgoing = new Outgoing((firstId, payloads) => {
    handed.push({ firstId, texts: payloads.map((one) => new TextDecoder().decode(one)) });
  });
  return { outgoing, handed };
}

const numbered = (count: number): string[] => Array.from({ length: count }, (_, index) => String(index));

it("what is published in one turn is handed over together, with ids in the order of publishing", async () => {
  const { outgoing, handed } = setUp();
  const first = outgoing.publish("a");
  const many = outgoing.publishAll(["b", new TextEncoder().encode("c")]);
  void Promise.resolve().then(() => outgoing.publish("d"));
  expect(handed).toEqual([]);
  await turn();
  expect(handed).toEqual([{ firstId: 1, texts: ["a", "b", "c", "d"] }]);
  outgoing.published(1, 10);
  outgoing.published(3, 13);
  outgoing.published(2, 12);
  expect(await first).toBe(10);
  expect(await many).toEqual([12, 13]);
});

it("bytes that the application changes after the call are sent as they were", async () => {
  const { outgoing, handed } = setUp();
  const bytes = new TextEncoder().encode("before");
  void outgoing.publish(bytes);
  bytes.fill(0);
  await turn();
  expect(handed[0]?.texts).toEqual(["before"]);
});

it("B35: nothing is handed over while held, and a long list stops where the machine says so", async () => {
  const { outgoing, handed } = setUp();
  outgoing.hold();
  void outgoing.publishAll(numbered(5_000));
  await turn();
  expect(handed).toEqual([]);
  outgoing.unhold();
  await turn();
  const all = handed.flatMap(({ texts }) => texts);
  expect(all).toEqual(numbered(5_000));
  for (const { firstId, texts } of handed) {
    expect(texts.length).toBeLessThanOrEqual(1_024); // so that `hold` can come in between
    expect(texts[0]).toBe(String(firstId - 1));
  }
});

it("B35: a hold in the middle of a list keeps the rest back, and later publishes behind it", async () => {
  const handed: number[] = [];
  const outgoing: Outgoing = new Outgoing((firstId, payloads) => {
    for (let i = 0; i < payloads.length; i++) handed.push(firstId + i);
    outgoing.hold();
  });
  void outgoing.publishAll(numbered(2_000));
  await turn();
  expect(handed).toHaveLength(1_024);
  void outgoing.publish("behind");
  for (let held = 0; held < 2; held++) {
    outgoing.unhold();
    await turn();
  }
  expect(handed).toEqual(Array.from({ length: 2_001 }, (_, index) => index + 1));
});

it("a list rejects with its first error, once all of it is decided", async () => {
  const { outgoing } = setUp();
  const many = outgoing.publishAll(["a", "b", "c"]);
  let isDecided = false;
  void many.catch(() => {}).then(() => (isDecided = true));
  await turn();
  outgoing.failed(2, new PublishError("TOO_BIG", "two"));
  outgoing.failed(3, new PublishError("UNKNOWN_OUTCOME", "three"));
  await turn();
  expect(isDecided).toBe(false);
  outgoing.published(1, 7);
  await expect(many).rejects.toMatchObject({ code: "TOO_BIG" });
});

it("closing hands over even what is held, and refuses what comes later; the end decides everything", async () => {
  const { outgoing, handed } = setUp();
  outgoing.hold();
  const held = outgoing.publish("held");
  outgoing.close();
  expect(handed.flatMap(({ texts }) => texts)).toEqual(["held"]);
  await expect(outgoing.publish("late")).rejects.toMatchObject({ code: "LEFT" });
  outgoing.failAll(new PublishError("UNKNOWN_OUTCOME", "gone"));
  await expect(held).rejects.toMatchObject({ code: "UNKNOWN_OUTCOME" });
});

it("what is neither bytes nor text is a TypeError, and publishes nothing", async () => {
  const { outgoing, handed } = setUp();
  await expect(outgoing.publish(7 as unknown as string)).rejects.toThrow(TypeError);
  await expect(outgoing.publishAll(["a", null as unknown as string])).rejects.toThrow(TypeError);
  await turn();
  expect(handed).toEqual([]);
});
