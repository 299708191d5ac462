import fc from "fast-check";
import { expect, it } from "vitest";
import type { Request } from "../../src/core/requests.js";
import { SessionHarness } from "./session-harness.js";

/** A request, a reply to it as a server may write it, and what the client must make of that. */
interface Exchange {
  readonly request: Request;
  readonly said: Uint8Array;
  readonly names?: readonly string[];
  readonly data?: Uint8Array;
  readonly reply: object;
}

const latin = (text: string): Uint8Array => Buffer.from(text, "latin1");
const slice = (size: number, raw: boolean): Request => ({ type: "get_slice", name: "f", offset: 0, size, raw });
const words = fc.stringMatching(/^[!-~]([ -~]{0,20}[!-~])?$/);
const lines = fc.array(fc.stringMatching(/^[!-~][ -~]{0,12}$/), { maxLength: 6 });
const listed = (names: readonly string[]): Uint8Array =>
  latin(`0 OK\r\n${names.map((name) => `${name}\r\n`).join("")}\r\n`);

/** Base64 in lines of arbitrary lengths, each padded for itself. */
function inLines(data: Uint8Array, lengths: readonly number[]): string {
  if (data.length === 0) return "\r\n";
  let text = "";
  for (let at = 0, line = 0; at < data.length; line++) {
    const end = Math.min(data.length, at + (lengths[line] ?? data.length));
    text += `${Buffer.from(data.subarray(at, end)).toString("base64")}\r\n`;
    at = end;
  }
  return text;
}

const exchange: fc.Arbitrary<Exchange> = fc.oneof(
  fc.record({ size: fc.maxSafeNat(), text: words }).map(({ size, text }): Exchange => {
    const request: Request = { type: "get_metadata", name: "f" };
    return { request, said: latin(`0 ${text}\r\n${size}\r\n`), reply: { code: 0, text, size } };
  }),
  lines.map((names): Exchange => {
    return { request: { type: "get_file_listing" }, said: listed(names), names, reply: { code: 0, text: "OK" } };
  }),
  lines.map((commands): Exchange => {
    return { request: { type: "help" }, said: listed(commands), reply: { code: 0, text: "OK", commands } };
  }),
  fc
    .record({ data: fc.uint8Array({ maxLength: 200 }), lengths: fc.array(fc.integer({ min: 1, max: 60 })) })
    .map(({ data, lengths }): Exchange => {
      const said = latin(`0 OK\r\n${inLines(data, lengths)}`);
      return { request: slice(data.length, false), said, data, reply: { code: 0, text: "OK" } };
    }),
  fc.uint8Array({ maxLength: 200 }).map((data): Exchange => {
    const said = Buffer.concat([latin(`0 OK\r\nContent-Length: ${data.length}\r\n\r\n`), data]);
    return { request: slice(data.length, true), said, data, reply: { code: 0, text: "OK" } };
  }),
  fc
    .record({ code: fc.integer({ min: 200, max: 999 }), text: words, raw: fc.boolean() })
    .map(({ code, text, raw }): Exchange => {
      return { request: slice(9, raw), said: latin(`${code} ${text}\r\n`), reply: { code, text } };
    }),
);

/** Cuts bytes at arbitrary places. */
function* cut(bytes: Uint8Array, lengths: readonly number[]): Generator<Uint8Array> {
  for (let at = 0, piece = 0; at < bytes.length; piece++) {
    const length = lengths.length === 0 ? bytes.length : (lengths[piece % lengths.length] as number);
    yield Uint8Array.from(bytes.subarray(at, at + length));
    at += length;
  }
}

it("H30, H38: any valid replies, in any pieces and any pipelining, give what the model says", () => {
  const pieces = fc.array(fc.integer({ min: 1, max: 50 }), { maxLength: 8 });
  fc.assert(
    fc.property(
      fc.array(exchange, { maxLength: 8 }),
      pieces,
      fc.integer({ min: 1, max: 4 }),
      (exchanges, lengths, most) => {
        const harness = new SessionHarness({ maxPipelined: most }).input({ type: "connected" });
        for (const [id, { request }] of exchanges.entries()) harness.request(id, request);
        let told = 0;
        while (told < harness.sent.length) {
          const ready = exchanges.slice(told, harness.sent.length);
          expect(ready.length).toBeLessThanOrEqual(most);
          told = harness.sent.length;
          for (const chunk of cut(Buffer.concat(ready.map(({ said }) => said)), lengths)) harness.bytes(chunk);
        }
        expect(harness.sent.map(({ id }) => id)).toEqual(exchanges.map((_, id) => id));
        exchanges.forEach((one, id) => {
          const { names, reply, error } = harness.answer(id);
          expect(error).toBeUndefined();
          expect(reply).toEqual(one.reply);
          expect(names).toEqual(one.names ?? []);
          expect(Buffer.from(harness.data(id))).toEqual(Buffer.from(one.data ?? []));
        });
        expect(harness.violations).toEqual([]);
        expect(harness.destroyed).toBe(false);
      },
    ),
  );
});

it("H39: whatever a server sends, nothing throws, and every request ends in one reply or one error", () => {
  const fragment = fc.constantFrom(
    "0 OK",
    "\r\n",
    "\r",
    "\n",
    " ",
    "YWJj",
    "=",
    "==",
    "Content-Length: 9",
    "7",
    "203 X",
    "199 X",
  );
  const noise = fc.oneof(
    { weight: 3, arbitrary: fc.array(fragment, { maxLength: 12 }).map((some) => latin(some.join(""))) },
    { weight: 1, arbitrary: fc.uint8Array({ maxLength: 40 }) },
    // A valid reply with one byte changed.
    {
      weight: 3,
      arbitrary: fc.tuple(exchange, fc.nat(), fc.nat(255)).map(([{ said }, at, byte]) => {
        const broken = Uint8Array.from(said);
        broken[at % Math.max(1, broken.length)] = byte;
        return broken;
      }),
    },
  );
  const script = fc.array(
    fc.oneof(
      noise,
      exchange.map(({ said }) => said),
    ),
    { maxLength: 6 },
  );
  const ending = fc.constantFrom("end", "closed", "tick") satisfies fc.Arbitrary<string>;
  fc.assert(
    fc.property(
      fc.array(exchange, { minLength: 1, maxLength: 6 }),
      script,
      fc.integer({ min: 1, max: 3 }),
      ending,
      (asked, said, most, how) => {
        const harness = new SessionHarness({ maxPipelined: most }).input({ type: "connected" });
        for (const [id, { request }] of asked.entries()) harness.request(id, request);
        for (const chunk of said) harness.bytes(chunk);
        harness.input({ type: how }, 1e9).input({ type: "closed" }, 1e9);
        asked.forEach(({ request }, id) => {
          const { reply, error } = harness.answer(id);
          expect((reply === undefined) !== (error === undefined)).toBe(true);
          if (error !== undefined) expect(["RemoteProtocolError", "ConnectionError"]).toContain(error.name);
          if (request.type !== "get_slice") return;
          expect(harness.data(id).length).toBeLessThanOrEqual(request.size);
          if (reply?.code === 0) expect(harness.data(id).length).toBe(request.size);
        });
        expect(harness.violations).toEqual([]);
        expect(harness.session.nextDeadline()).toBeUndefined();
      },
    ),
    { numRuns: Number(process.env["LAB_RUNS"] ?? 100) * 5 },
  );
});
