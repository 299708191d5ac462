import { fc, it } from "@fast-check/vitest";
import { expect } from "vitest";
import { RemoteProtocolError } from "../src/core/errors.js";
import { decodeV1Packet, encodeV1Packet, type V1Packet } from "../src/core/v1-packet.js";

const number = fc.integer({ min: 0, max: 99_999 });
const name = fc.string({ unit: "grapheme", maxLength: 40 });
const packets: fc.Arbitrary<V1Packet> = fc.oneof(
  fc.record({ type: fc.constantFrom("get" as const, "put" as const), name }),
  fc.record({ type: fc.constant("ack" as const), of: fc.constantFrom("block" as const, "finish" as const), number }),
  fc.record({
    type: fc.constant("data" as const),
    number: fc.integer({ min: 1, max: 99_999 }),
    bytes: fc.uint8Array({ minLength: 1, maxLength: 100 }),
  }),
  fc.record({ type: fc.constant("finish" as const), number }),
  fc.record({ type: fc.constant("error" as const), number, text: name }),
);

it.prop([packets])("S1: every packet comes back", (packet) => {
  expect(decodeV1Packet(encodeV1Packet(packet))).toEqual(packet);
});

/** Bytes that are nearly packets: one that is changed in a few places, cut or lengthened; or anything. */
const garbage = fc.oneof(
  fc.uint8Array({ maxLength: 120 }),
  fc
    .tuple(packets, fc.array(fc.tuple(fc.nat(120), fc.nat(255)), { maxLength: 3 }), fc.nat(120))
    .map(([packet, changes, length]) => {
      const bytes = encodeV1Packet(packet);
      for (const [at, byte] of changes) if (at < bytes.length) bytes[at] = byte;
      return length < 60 ? bytes.slice(0, length) : bytes;
    }),
);

it.prop([garbage])("S2: any bytes are the packet that is written so, or a RemoteProtocolError", (bytes) => {
  let packet: V1Packet;
  try {
    packet = decodeV1Packet(bytes);
  } catch (error) {
    expect(error).toBeInstanceOf(RemoteProtocolError);
    return;
  }
  const hasText =
    packet.type === "error" || ((packet.type === "get" || packet.type === "put") && packet.name === undefined);
  if (!hasText) expect(encodeV1Packet(packet)).toEqual(bytes);
});
