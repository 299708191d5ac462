/** The client against a plain array of a server, with cuts at any byte, restarts of the log, and lies. */

import { it } from "@fast-check/vitest";
import fc from "fast-check";
import { expect } from "vitest";
import { ClientMachine, type ClientOutput } from "../../src/core/index.js";
import { ArrayServer } from "./array-server.js";
import { plainPlatform } from "./plain-platform.js";

type Step =
  | { readonly do: "publish"; readonly count: number }
  | { readonly do: "other"; readonly count: number }
  /** The server hears so many bytes, and so many of its own reach the client. */
  | { readonly do: "flow"; readonly up: number; readonly down: number }
  | { readonly do: "cut" }
  | { readonly do: "trim"; readonly keep: number }
  | { readonly do: "garbage"; readonly bytes: Uint8Array };

const some = (max: number) => fc.oneof(fc.integer({ min: 0, max }), fc.constant(1_000_000));
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ do: fc.constant("publish" as const), count: fc.integer({ min: 1, max: 5 }) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant("other" as const), count: fc.integer({ min: 1, max: 5 }) }) },
  { weight: 8, arbitrary: fc.record({ do: fc.constant("flow" as const), up: some(200), down: some(400) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("cut" as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("trim" as const), keep: fc.nat(4) }) },
);
const garbage: fc.Arbitrary<Step> = fc.record({
  do: fc.constant("garbage" as const),
  bytes: fc.oneof(
    fc.uint8Array({ maxLength: 40 }),
    fc.uint8Array({ minLength: 1, maxLength: 60 }).map((one) => Uint8Array.of(0, 0, 0, 0, 0, 0, 0, one.length, ...one)),
    fc
      .tuple(fc.integer({ min: 2, max: 14 }), fc.uint8Array({ maxLength: 60 }))
      .map(([type, one]) => Uint8Array.of(0, 0, 0, 0, 0, 0, 0, one.length + 1, type, ...one)),
  ),
});

interface Seen {
  /** What was delivered: "number:text", and the gaps between. */
  readonly log: string[];
  readonly numbers: Map<number, number>;
  readonly failed: Map<number, string>;
}

function run(steps: readonly Step[], seed: number): { seen: Seen; server: ArrayServer; published: number } {
  const server = new ArrayServer();
  const machine = new ClientMachine({ room: "r", name: "a", start: "all", onUnknown: "report" }, plainPlatform(seed));
  const seen: Seen = { log: [], numbers: new Map(), failed: new Map() };
  let now = 0;
  let attempt = 0;
  let published = 0;
  const tell = (outputs: readonly ClientOutput[]): void => {
    for (const output of outputs) {
      if (output.type === "connect") {
        attempt = output.attempt;
        server.connect();
        tell(machine.handle(now, { type: "connected", attempt }));
      } else if (output.type === "send") server.up.push(...output.bytes);
      else if (output.type === "disconnect") server.cut();
      else if (output.type === "deliver") {
        for (const { number, bytes, kind } of output.entries) {
          seen.log.push(`${number}:${kind}:${new TextDecoder().decode(bytes)}`);
        }
        tell(machine.handle(now, { type: "handled", upTo: output.entries.at(-1)?.number ?? 0 }));
      } else if (output.type === "notice" && output.notice.type === "gap") {
        seen.log.push(`gap:${output.notice.from}:${output.notice.to}`);
      } else if (output.type === "published") {
        expect(seen.numbers.has(output.id) || seen.failed.has(output.id), "decided twice").toBe(false);
        seen.numbers.set(output.id, output.number);
      } else if (output.type === "publishFailed") {
        expect(seen.numbers.has(output.id) || seen.failed.has(output.id), "decided twice").toBe(false);
        seen.failed.set(output.id, output.code);
      }
    }
  };
  const flow = (up: number, down: number): void => {
    server.hear(up);
    const bytes = server.take(down);
    if (bytes.length > 0) tell(machine.handle(now, { type: "data", attempt, bytes }));
  };
  const wake = (): void => {
    const deadline = machine.nextDeadline();
    if (deadline === undefined) return;
    now = Math.max(now, deadline);
    tell(machine.handle(now, { type: "tick" }));
  };
  const cut = (): void => {
    server.cut();
    tell(machine.handle(now, { type: "disconnected", attempt, why: "cut" }));
    if (machine.view().phase === "waiting") wake();
  };
  tell(machine.handle(now, { type: "start" }));
  for (const one of steps) {
    now += 1;
    if (one.do === "publish") {
      const payloads = Array.from({ length: one.count }, (_, index) =>
        new TextEncoder().encode(`p${published + index}`),
      );
      tell(machine.handle(now, { type: "publishAll", firstId: published, payloads }));
      published += one.count;
    } else if (one.do === "other") server.other(one.count);
    else if (one.do === "flow") flow(one.up, one.down);
    else if (one.do === "cut") cut();
    else if (one.do === "trim") server.trim(one.keep);
    else {
      tell(machine.handle(now, { type: "data", attempt, bytes: one.bytes }));
      // A frame may be announced and never come whole: the server's own bytes are not read into it.
      cut();
    }
    if (machine.view().phase === "waiting") wake();
  }
  // In the end everything flows.
  cut();
  for (let round = 0; round < 20; round++) {
    flow(1e6, 1e6);
    if (machine.view().phase === "waiting") wake();
  }
  return { seen, server, published };
}

it.prop([fc.array(step, { maxLength: 60, size: "max" }), fc.nat(1_000)])(
  "A, B, C, D, G, B13, B14, B30, B32: with cuts at any byte each entry comes once and in order, and each publish is in the log once and is decided",
  (steps, seed) => {
    const { seen, server, published } = run(steps, seed);
    let next = 1;
    for (const line of seen.log) {
      const [head = "", from = "", to = ""] = line.split(":");
      if (head === "gap") {
        expect(Number(from)).toBe(next);
        next = Number(to) + 1;
      } else {
        expect(line).toBe(`${next}:${server.words(next)}`);
        next++;
      }
    }
    expect(next, "all of the log was seen, or told to be lost").toBe(server.head + 1);
    const mine = server.all.filter(({ member, kind }) => member === 1 && kind === "message");
    expect(mine.map(({ bytes }) => new TextDecoder().decode(bytes))).toEqual(
      Array.from({ length: published }, (_, index) => `p${index}`),
    );
    for (let id = 0; id < published; id++) {
      const number = seen.numbers.get(id);
      if (number === undefined) {
        expect(seen.failed.get(id)).toBe("NUMBER_LOST");
        const its = 1 + server.all.findIndex((_, index) => server.words(index + 1) === `message:p${id}`);
        const isIn = ([from = 0, to = 0]: number[]) => from <= its && its <= to;
        const gaps = seen.log
          .filter((line) => line.startsWith("gap"))
          .map((line) => line.split(":").slice(1).map(Number));
        expect(gaps.some(isIn), `number ${its} of publish ${id} was not in a gap`).toBe(true);
      } else expect(server.words(number)).toBe(`message:p${id}`);
    }
  },
);

it.prop([fc.array(fc.oneof({ weight: 5, arbitrary: step }, garbage), { maxLength: 40, size: "max" }), fc.nat(1_000)])(
  "B4, B30: whatever a server sends, the client does not throw, and numbers never go back or repeat",
  (steps, seed) => {
    const { seen } = run(steps, seed);
    let last = 0;
    for (const line of seen.log) {
      const [head = "", from = "", to = ""] = line.split(":");
      const first = Number(head === "gap" ? from : head);
      expect(first).toBe(last + 1);
      last = Number(head === "gap" ? to : head);
    }
  },
);
