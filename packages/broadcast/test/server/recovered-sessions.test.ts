/** A table of sessions that a server with a higher bound left behind. */
import { expect, test } from "vitest";
import { Rig } from "./rig.js";
import { Store } from "./store.js";

test("B23: a table that was recovered above maxSessions fits again when the next session is made: those that left longest ago are evicted", () => {
  const store = new Store();
  const before = new Rig({ log: "durable", durability: "fsync" });
  const digits = [1, 2, 3, 4, 5, 6];
  const peers = digits.map((digit) => before.join(digit));
  store.open(before);
  store.store(before);
  const identities = peers.map(({ welcome: { token, epoch } }) => ({ token, epoch }));
  for (const digit of [3, 1, 2, 4, 5]) {
    peers[digit - 1]?.say({ type: "close", code: "LEAVE", text: "" });
    store.store(before);
  }
  const rig = new Rig({ log: "durable", durability: "fsync", maxSessions: 3 }, 2);
  const sessions = (): number | undefined => rig.machine.view().rooms[0]?.sessions;
  rig.observe();
  store.open(rig);
  store.store(rig);
  expect(sessions()).toBe(6);
  const newcomer = rig.join(7);
  store.store(rig);
  expect(newcomer.welcome.member).toBe(7);
  expect(sessions()).toBe(3);
  const back = (digit: number): string => {
    const peer = rig.join(digit, { ...identities[digit - 1], last: 1 });
    store.store(rig);
    return peer.welcome.status;
  };
  // 6 is joined, and 5 left last: the others are not known any more.
  expect([back(6), back(5)]).toEqual(["resumed", "resumed"]);
  expect(rig.join(4, { ...identities[3], last: 1 }).closeCode).toBe("FULL");
});
