/** What waits for the application, over real sockets: it is bounded, and stops nobody's publishes (docs/broadcast.md B35). */
import { expect, it } from "vitest";
import { join, serve } from "../../src/index.js";

const text = ({ bytes }: { readonly bytes: Uint8Array }): string => new TextDecoder().decode(bytes);
const long = (name: string): string => name.padEnd(5_000, ".");

it("a loop that awaits its own publish goes on, however much waits for it", async () => {
  await using server = await serve();
  const { address } = server;
  await using loud = await join({ address, name: "loud", handler: () => {} });
  await using room = await join({ address, name: "echo", maxQueuedBytes: 20_000 });
  const sent = Array.from({ length: 2_000 }, (_, index) => long(`m${index}`));
  const published = loud.publishAll(sent);
  const heard: string[] = [];
  let answers = 0;
  for await (const message of room) {
    if (message.own) continue;
    heard.push(text(message));
    if (heard.length % 50 === 0) {
      await room.publish(`after ${heard.length}`);
      answers++;
    }
    if (heard.length === sent.length) break;
  }
  await published;
  expect(heard).toEqual(sent);
  expect(answers).toBe(40);
});

it("a member that only publishes is not stopped by what it never takes, and is live; a loop that begins late is told of the gap", async () => {
  await using server = await serve();
  const { address } = server;
  await using room = await join({ address, name: "sensor", maxQueuedBytes: 100_000, window: 10 });
  const gaps: (readonly [number, number])[] = [];
  room.on("gap", ({ from, to }) => gaps.push([from, to]));
  let last = 0;
  for (let round = 0; round < 20; round++) {
    const numbers = await room.publishAll(Array.from({ length: 20 }, (_, index) => long(`${round} ${index}`)));
    last = numbers.at(-1) ?? 0;
  }
  expect(last).toBe(401); // behind its join
  expect(server.view().rooms[0]).toMatchObject({ lagging: 0 });
  expect(gaps.length).toBeGreaterThan(1);
  const own = await room.publish("the end");
  let next = 0;
  for await (const message of room) {
    next ||= message.number;
    if (message.number === own) break;
  }
  expect(next).toBe((gaps.at(-1)?.[1] ?? 0) + 1); // nothing is lost but what was told
});
