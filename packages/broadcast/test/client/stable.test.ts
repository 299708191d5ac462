/** What a client is told of what all have acknowledged (docs/broadcast.md B21). */
import { expect, it } from "vitest";
import { message, Scripted } from "./scripted.js";

const stable = (client: Scripted): number[] =>
  client.take().flatMap((one) => (one.type === "notice" && one.notice.type === "stable" ? [one.notice.upTo] : []));

it("B21: what a server says again, or one that began anew says of less, is dropped; another epoch begins anew", () => {
  const client = new Scripted({ stable: true });
  client.open();
  client.batch(1, message("x"), message("y"), message("z"));
  client.server({ type: "stable", upTo: 2 }, { type: "stable", upTo: 2 });
  expect(stable(client)).toEqual([2]);
  client.cut();
  client.open({ status: "resumed", head: 3, resumeFrom: 4 });
  client.server({ type: "stable", upTo: 1 }, { type: "stable", upTo: 2 }, { type: "stable", upTo: 3 });
  expect(stable(client)).toEqual([3]);
  client.cut();
  client.wake();
  client.open({ status: "new epoch", epoch: 8, head: 1, resumeFrom: 1 });
  client.server({ type: "stable", upTo: 1 });
  expect(stable(client)).toEqual([1]);
});
