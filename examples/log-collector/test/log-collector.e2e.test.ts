import { connect } from "node:net";
import { FramedSocket } from "@lab/framing";
import { expect, it } from "vitest";
import { startBundled } from "../../../test/programs.js";
import { Tally } from "../src/tally.js";

const MAIN = new URL("../src/main.ts", import.meta.url);
const records = ["one line", "two\nlines", "", "ünïcode"].map((text) => Buffer.from(text));

it("records come whole and in order; a peer that breaks off is sent away, what it had sent counts, and the others go on", async () => {
  const [wanted, all] = [new Tally(), new Tally()];
  for (const record of records) wanted.add(record);
  await using collector = startBundled(MAIN, ["0"]);
  const port = await collector.port();
  {
    await using framed = new FramedSocket(connect(port, "127.0.0.1"));
    await framed.write(records[0] as Buffer);
    const broken = connect(port, "127.0.0.1");
    broken.end(Buffer.from("0000000000000001414000000000000000", "hex"));
    await collector.line(/is sent away \(FRAME_TOO_LARGE\): .*; before: 1 records, 1 bytes/);
    await framed.writeMany(records.slice(1));
  }
  const [, got] = await collector.line(/ has sent (.*)$/);
  expect(got).toBe(String(wanted));
  collector.signal("SIGINT");
  const { code, stdout } = await collector.exited;
  for (const record of [records[0] as Buffer, Buffer.from("A"), ...records.slice(1)]) all.add(record);
  expect([code, stdout.trim().split("\n").at(-1)]).toEqual([0, `all: ${all}`]);
});

it("the same bytes, divided otherwise, are other records", () => {
  const [one, two] = [new Tally(), new Tally()];
  one.add(Buffer.from("ab"));
  for (const text of ["a", "b"]) two.add(Buffer.from(text));
  expect(String(one).slice(-64)).not.toBe(String(two).slice(-64));
});

it("says how it is used", async () => {
  const { code, stderr } = await startBundled(MAIN, ["here"]).exited;
  expect([code, stderr]).toEqual([2, expect.stringMatching(/^usage: pnpm start \[PORT\]/)]);
});
