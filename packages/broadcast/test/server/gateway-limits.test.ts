/** A gateway under many HELLOs at once, and under a log that tells it nonsense (docs/broadcast.md B23, B40). */
import { expect, test } from "vitest";
import { Engine } from "./engine.js";
import { Rig } from "./rig.js";

test("B23: on a gateway too, HELLOs that come while the log is asked do not get beyond the members that there may be", () => {
  const engine = new Engine();
  const rig = new Rig({ log: "shared", maxMembers: 2 });
  engine.run(rig);
  rig.observe();
  engine.run(rig);
  const peers = Array.from({ length: 5 }, (_, index) => rig.join(index + 1));
  engine.run(rig);
  expect(peers.map(({ closeCode }) => closeCode)).toEqual([undefined, undefined, "FULL", "FULL", "FULL"]);
  const [a] = peers;
  const { token, epoch, head } = (a as (typeof peers)[number]).welcome;
  const again = rig.join(1, { token, epoch, last: head });
  engine.run(rig);
  expect(a?.closeCode).toBe("TAKEN_OVER");
  expect(again.welcome.status).toBe("resumed");
  again.cut();
  const late = rig.join(9);
  late.cut();
  const last = rig.join(8);
  engine.run(rig);
  expect(last.welcome.status).toBe("fresh");
});

test("B40: a hole in what came before the log was open ends the room once, and it is opened anew", () => {
  const rig = new Rig({ log: "shared" });
  const a = rig.join(1);
  const [open] = rig.outputsOf("share");
  const entry = { kind: "message", member: 1, clientSeq: 1, bytes: new Uint8Array(1) } as const;
  for (const first of [12, 14]) rig.handle({ type: "sharedEntries", room: "main", first, entries: [entry] });
  const answer = { op: "open", epoch: 5, head: 10, firstRetained: 1 } as const;
  rig.handle({ type: "shared", room: "main", id: open?.id ?? 0, answer });
  expect(a.closeCode).toBe("UNAVAILABLE");
  expect(rig.eventsOf("trouble")).toHaveLength(1);
  expect(rig.machine.view().rooms).toEqual([]);
  rig.join(2);
  expect(rig.outputsOf("share").filter(({ request }) => request.op === "open")).toHaveLength(2);
});
