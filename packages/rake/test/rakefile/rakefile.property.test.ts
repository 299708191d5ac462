/** The parser under whatever a file may hold (docs/rake.md R5). */

import { it } from "@fast-check/vitest";
import fc from "fast-check";
import { expect } from "vitest";
import { isPattern, parseRakefile, pathFault } from "../../src/core/index.js";
import { planOf, printPlan } from "./parsed.js";

const piece = fc.constantFrom(
  "PORT",
  "HOSTS",
  "=",
  " ",
  "\t",
  "\t\t",
  "\n",
  "\r\n",
  "#",
  "actionset1:",
  "actionset2:",
  "remote-",
  "requires ",
  "produces ",
  "on ",
  "timeout ",
  "30s",
  "a.c",
  "../b",
  "/c",
  "*.o",
  "localhost",
  ":",
  "6333",
  "[::1]",
  "\0",
  "\u{1f600}",
  "é",
);
const rakefileLike = fc.array(fc.oneof({ weight: 20, arbitrary: piece }, fc.string({ unit: "binary", maxLength: 4 })), {
  maxLength: 60,
});

it.prop([rakefileLike, fc.boolean()])(
  "R5: the parser throws nothing; its faults are places of the text",
  (pieces, course) => {
    const text = pieces.join("");
    const { faults, message } = parseRakefile(text, { course });
    const lines = text.split("\n");
    expect(faults.length).toBeLessThanOrEqual(20);
    expect(message === "" ? 0 : message.split("\n").length).toBe(faults.length);
    let before = 0;
    for (const { line, column, found, accepted } of faults) {
      expect(line).toBeGreaterThanOrEqual(before);
      before = line;
      expect(column).toBeGreaterThanOrEqual(1);
      expect(column).toBeLessThanOrEqual([...(lines[line - 1] as string)].length + 1);
      expect([found, accepted]).not.toContain("");
    }
  },
);

it.prop([fc.uint8Array({ maxLength: 80 }), rakefileLike])("R5: nor does it on bytes of any kind", (noise, pieces) => {
  const bytes = Buffer.concat([Buffer.from(pieces.join("")), noise]);
  expect(parseRakefile(bytes).faults.length).toBeLessThanOrEqual(20);
});

it.prop([rakefileLike])("R1: a text and its bytes are the same Rakefile", (pieces) => {
  const text = pieces.join("").replaceAll(/\p{Surrogate}/gu, "");
  expect(parseRakefile(new TextEncoder().encode(text))).toEqual(parseRakefile(text));
});

const word = fc
  .string({ unit: "grapheme", minLength: 1, maxLength: 8 })
  .map((text) => text.replaceAll(/[\s#\0\\/]/gu, "_"))
  .filter((text) => pathFault(text) === undefined);
const path = fc.array(word, { minLength: 1, maxLength: 3 }).map((names) => names.join("/"));
const unique = <Value>(values: fc.Arbitrary<Value>) => fc.uniqueArray(values, { maxLength: 4 });
const action = fc
  .record(
    {
      remote: fc.boolean(),
      command: fc.array(word, { minLength: 1, maxLength: 4 }).map((words) => `x${words.join(" ")}`),
      requires: unique(path.filter((one) => !isPattern(one))),
      produces: unique(
        fc.oneof(
          path,
          path.map((one) => `${one}/*`),
          fc.constant("**/*.o"),
        ),
      ),
      on: unique(word),
      timeoutMs: fc.integer({ min: 1, max: 2 ** 31 - 1 }),
    },
    { requiredKeys: ["remote", "command", "requires", "produces", "on"] },
  )
  .map((one) => (one.remote ? one : { ...one, produces: [], on: [] }));
const plan = fc
  .record({
    hosts: fc.uniqueArray(
      fc.record({
        host: fc.constantFrom("localhost", "10.0.0.1", "::1", "h-2.example.org"),
        port: fc.integer({ min: 1, max: 65_535 }),
      }),
      { maxLength: 4, selector: ({ host, port }) => `${host} ${port}` },
    ),
    sets: fc.array(fc.array(action, { maxLength: 3 }), { maxLength: 3 }),
  })
  .map(({ hosts, sets }) => {
    let index = 0;
    return {
      hosts,
      sets: sets.map((actions, at) => ({
        name: `actionset${at}`,
        line: 0,
        actions: actions.map((one) => ({ index: index++, line: 0, ...one })),
      })),
    };
  });

it.prop([plan, fc.constantFrom("\n", "\r\n", " # a\n", "\n\n \n")])(
  "R1 to R4: a printed plan is parsed as the same plan, whatever ends its lines",
  (made, end) => {
    const read = planOf(printPlan(made).replaceAll("\n", end));
    const withoutLines = {
      ...read,
      sets: read.sets.map((set) => ({
        ...set,
        line: 0,
        actions: set.actions.map((one) => ({ ...one, line: 0 })),
      })),
    };
    expect(withoutLines).toEqual(made);
    expect(planOf(printPlan(read))).toEqual(planOf(printPlan(made)));
  },
);
