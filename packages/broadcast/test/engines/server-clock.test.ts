/** A gateway over NATS tells the server's time by its own appends (docs/broadcast.md B11). */
import { expect, it } from "vitest";
import { ServerClock } from "../../src/node/nats/server-clock.js";

const own = (): number => performance.timeOrigin + performance.now();

it("B11: the server's clock is known from an append and the record that it became, whichever is heard of first", () => {
  for (const order of ["stored first", "seen first"]) {
    const clock = new ServerClock();
    expect(Math.abs(clock.now() - own())).toBeLessThan(50);
    const behindMs = 3_600_000;
    const begun = clock.begin();
    if (order === "seen first") clock.seen(7, own() - behindMs);
    clock.seen(6, own()); // another's
    if (order === "seen first") clock.seen(7, own() - behindMs);
    clock.stored(7, begun);
    if (order === "stored first") clock.seen(7, own() - behindMs);
    expect(Math.abs(own() - clock.now() - behindMs)).toBeLessThan(50);
  }
});

it("B11: an append that took longer than the best one so far changes nothing", () => {
  const clock = new ServerClock();
  clock.stored(1, clock.begin());
  clock.seen(1, own() - 1_000);
  clock.stored(2, clock.begin() - 5_000);
  clock.seen(2, own() - 2_000);
  expect(Math.abs(own() - clock.now() - 1_000)).toBeLessThan(50);
});
