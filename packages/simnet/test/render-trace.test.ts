import fc from "fast-check";
import { expect, it } from "vitest";
import { renderTrace, type TraceEvent } from "../src/core/index.js";

const a = { node: "client", port: 5000 };
const b = { node: "s", port: 69 };

it("N26: one aligned line for each event", () => {
  const bytes = new TextEncoder().encode('say "hi"\n');
  const text = renderTrace([
    { type: "node", at: 0, node: "s", what: "start", text: "incarnation 1" },
    { type: "datagram-sent", at: 0.5, id: 1, from: a, to: b, bytes },
    {
      type: "datagram-arrived",
      at: 1_250.5,
      id: 1,
      from: a,
      to: b,
      bytes,
      sentAt: 0.5,
      copy: 1,
      corrupted: true,
      reordered: true,
    },
    { type: "datagram-lost", at: 1_251, id: 2, from: b, to: a, bytes, sentAt: 1_251, why: "drop" },
  ]);
  expect(text).toBe(
    [
      "   0.000  s       start                                                    incarnation 1",
      '   0.500  client  send #1                             client:5000 -> s:69  9 B  "say \\"hi\\"\\x0a"',
      '1250.500  s       receive #1 (copy, corrupted, late)  client:5000 -> s:69  9 B  "say \\"hi\\"\\x0a"',
      '1251.000  s       lost #2 (drop)                      s:69 -> client:5000  9 B  "say \\"hi\\"\\x0a"',
      "",
    ].join("\n"),
  );
});

it("N26: describes what it can, shows the first bytes of the rest, and counts what it leaves out", () => {
  const sent = (id: number, bytes: Uint8Array): TraceEvent => ({
    type: "datagram-sent",
    at: id,
    id,
    from: a,
    to: b,
    bytes,
  });
  const events = [sent(1, Uint8Array.of(7)), sent(2, new Uint8Array(100).fill(65)), sent(3, Uint8Array.of())];
  const text = renderTrace(events, {
    describe: (bytes) => (bytes[0] === 7 ? "seven\nup" : undefined),
    maxLines: 2,
    omitted: 5,
  });
  expect(text).toContain("1 B  seven\\x0aup\n");
  expect(text).toContain(`100 B  "${"A".repeat(24)}"...\n`);
  expect(text.endsWith("... and 6 more\n")).toBe(true);
});

/** Any code points, halves of surrogate pairs among them; fast-check's own `binary` takes two seconds to be made. */
const anyText = fc.array(fc.oneof(fc.nat(0x1f), fc.nat(0x10ffff))).map((codes) => String.fromCodePoint(...codes));

it("N26: a text is one line, whatever stands in it", () => {
  fc.assert(
    fc.property(anyText, fc.uint8Array(), (text, bytes) => {
      const lines = renderTrace([
        { type: "note", at: 0, node: "s", text },
        { type: "datagram-sent", at: 0, id: 1, from: a, to: b, bytes },
      ]);
      expect(lines.match(/[\n\r]/g)).toHaveLength(2);
    }),
  );
});
