/** What is stored, byte by byte, as docs/broadcast.md has it: a log that was written once can be read by the next version. */
import { describe, expect, it } from "vitest";
import { encodeCheckpoint, encodeJoins } from "../../src/core/stored-sessions.js";
import { plainCrc32 } from "../../src/node/level/crc32.js";
import { metaOf, segmentOf, startedStore, temporaryFolder, withDatabase } from "./level-folder.js";

const u8 = (value: number): Buffer => Buffer.of(value);
const u16 = (value: number): Buffer => Buffer.of(value >> 8, value & 0xff);
const u32 = (value: number): Buffer => Buffer.concat([u16(value >>> 16), u16(value & 0xffff)]);
const u64 = (value: number): Buffer => Buffer.concat([u32(Math.floor(value / 2 ** 32)), u32(value % 2 ** 32)]);
const text = (value: string): Buffer => Buffer.concat([u16(Buffer.byteLength(value)), Buffer.from(value)]);

const ana = { clientId: Buffer.alloc(16, 0xc1), token: Buffer.alloc(16, 0x70), member: 3, name: "ana" };
const anaBytes = Buffer.concat([ana.clientId, ana.token, u32(3), text("ana")]);
const table = {
  number: 2 ** 40 + 5,
  lastMember: 4,
  sessions: [{ ...ana, joined: true, since: 2, lastClientSeq: 7, lastNumber: 2 ** 40 + 1 }],
};
const tableBytes = Buffer.concat([
  ...[u8(1), u64(2 ** 40 + 5), u32(4), u32(1)],
  ...[anaBytes, u8(1), u64(2), u64(7), u64(2 ** 40 + 1)],
]);

function record(key: string, ...fields: readonly Uint8Array[]): string {
  const body = Buffer.concat(fields);
  const crc = plainCrc32(Buffer.concat([Buffer.from(key), u8(1), body]));
  return Buffer.concat([u8(1), u32(crc), body]).toString("hex");
}

describe("what a durable log stores", () => {
  it("B27: joins and checkpoints have the fields of the table", () => {
    expect(Buffer.from(encodeJoins([ana, ana]))).toEqual(Buffer.concat([anaBytes, anaBytes]));
    expect(Buffer.from(encodeCheckpoint(table))).toEqual(tableBytes);
  });

  it("B27: so have the records on LevelDB, under these keys", async () => {
    const folder = temporaryFolder();
    const store = await startedStore(folder);
    const room = "a/ü";
    await store.open(room);
    const meta = metaOf({
      epoch: 2 ** 53 - 1,
      previousEpoch: 6,
      previousHead: 8,
      epochStart: 9,
      durability: "fsync",
      clean: true,
    });
    const segment = { ...segmentOf(9, 2), sessions: encodeJoins([ana]) };
    await store.write(room, [{ type: "meta", meta }]);
    await store.write(room, [
      { type: "segment", segment },
      { type: "meta", meta },
    ]);
    await store.write(room, [{ type: "trim", upTo: 8, checkpoint: encodeCheckpoint(table) }]);
    await store.close();
    const records = await withDatabase(folder, (level) => level.iterator().all());
    const fields = [u64(2 ** 53 - 1), u64(6), u64(8), u64(9), u64(10), u32(3), u8(2), u8(1), Buffer.from("a boot")];
    const own = "room/a%2f%c3%bc";
    const name = `${own}/segment/00000000000009`;
    expect(records.map(([key, value]) => [key, Buffer.from(value).toString("hex")])).toEqual([
      ["format", Buffer.from("lab-broadcast log 1").toString("hex")],
      [`${own}/checkpoint`, record(`${own}/checkpoint`, u64(8), tableBytes)],
      [`${own}/meta`, record(`${own}/meta`, ...fields)],
      [name, record(name, u64(2 ** 53 - 1), u64(9), u32(2), u32(anaBytes.length), anaBytes, segment.entries)],
    ]);
  });
});
