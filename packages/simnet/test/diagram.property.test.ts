import { fc, it } from "@fast-check/vitest";
import { expect } from "vitest";
import { corners, overlaps, placeLabels } from "../src/core/diagram-labels.js";
import { renderDiagram, type TraceEvent } from "../src/core/index.js";
import { parseXml, type XmlElement } from "./parse-xml.js";
import { TraceBuilder } from "./trace-builder.js";

const node = fc.oneof(fc.constantFrom("a", "b", "c"), fc.string({ unit: "binary", maxLength: 6 }));
const at = fc.oneof(fc.integer({ min: 0, max: 300 }), fc.double({ min: 0, max: 1e6, noNaN: true }));
const datagram = fc.record({
  from: node,
  to: node,
  at,
  bytes: fc.uint8Array({ maxLength: 30 }),
  flights: fc.array(fc.integer({ min: 0, max: 200 }), { maxLength: 2 }),
  why: fc.constantFrom("drop", "queue", "cut", "port", "down", undefined),
});
const remark: fc.Arbitrary<TraceEvent> = fc.oneof(
  fc.record({ type: fc.constant("note" as const), at, node, text: fc.string({ unit: "binary" }) }),
  fc.record({ type: fc.constant("link" as const), at, from: node, to: node, what: fc.constantFrom("cut", "heal") }),
  fc.record({
    type: fc.constant("node" as const),
    at,
    node,
    what: fc.constantFrom("start", "crash", "pause", "resume", "clock", "command"),
    text: fc.string(),
  }),
);
type Datagram = typeof datagram extends fc.Arbitrary<infer Value> ? Value : never;

function eventsOf(datagrams: readonly Datagram[], remarks: readonly TraceEvent[]): TraceEvent[] {
  const trace = new TraceBuilder();
  for (const { from, to, at: sentAt, bytes, flights, why } of datagrams) {
    const sent = trace.send(sentAt, from, to, bytes);
    if (why !== undefined && flights.length === 0) trace.isLost(sent, why, sentAt + 5);
    for (const [copy, flight] of flights.entries()) trace.arrives(sent, sentAt + flight, { copy });
  }
  return trace.add(...remarks).events();
}

const all = (element: XmlElement): XmlElement[] => [element, ...element.children.flatMap(all)];

it.prop([fc.array(datagram, { maxLength: 15 }), fc.array(remark, { maxLength: 6 }), fc.string({ unit: "binary" })])(
  "N45 N46: any trace, with any texts, is well-formed, has its arrows, and is drawn the same again",
  (datagrams, remarks, label) => {
    const events = eventsOf(datagrams, remarks);
    const describe = (): string => label;
    const svg = renderDiagram(events, { describe });
    const elements = all(parseXml(svg));
    const arrows = elements.filter(
      ({ attributes }) => attributes["class"]?.startsWith("arrow ") && attributes["transform"] === undefined,
    );
    expect(arrows.length).toBe(datagrams.reduce((sum, { flights }) => sum + Math.max(1, flights.length), 0));
    expect(svg).not.toMatch(
      /NaN|Infinity|undefined/.test(`${label}${JSON.stringify(events)}`) ? /$^/ : /NaN|Infinity|undefined/,
    );
    expect(renderDiagram(events, { describe })).toBe(svg);
  },
);

it.prop([fc.array(datagram, { maxLength: 15 })])("N49: who is drawn further down was not earlier", (datagrams) => {
  const elements = all(parseXml(renderDiagram(eventsOf(datagrams, []))));
  const times = elements
    .filter(({ attributes }) => attributes["class"] === "time")
    .map(({ attributes }) => Number(attributes["y"]));
  expect(times).toEqual(times.toSorted((a, b) => a - b));
  for (const { children, attributes } of elements) {
    if (!attributes["class"]?.startsWith("arrow ") || attributes["transform"] !== undefined) continue;
    const path = children.find((child) => child.attributes["class"] === "shaft")?.attributes["d"] ?? "";
    const numbers = path.match(/-?[\d.]+/g)?.map(Number) ?? [];
    expect(numbers.at(-1)).toBeGreaterThanOrEqual(numbers[1] ?? Number.NaN);
  }
});

const place = fc.record({
  x: fc.integer({ min: 0, max: 300 }),
  y: fc.integer({ min: 0, max: 100 }),
  degrees: fc.integer({ min: -60, max: 60 }),
});
const label = fc.record({
  width: fc.integer({ min: 5, max: 120 }),
  height: fc.integer({ min: 8, max: 16 }),
  places: fc.array(place, { minLength: 1, maxLength: 5 }),
  own: fc.constant(undefined),
});

it.prop([fc.array(label, { maxLength: 12 })])(
  "N47: no two labels overlap, and none is left out that has a free place",
  (labels) => {
    const placed = placeLabels(labels, []);
    const boxes = labels.map(({ width, height }, index) => placed[index] && corners(placed[index], width, height));
    for (const [index, box] of boxes.entries()) {
      const others = boxes.filter((other, which) => other !== undefined && which !== index);
      const { places = [], width = 0, height = 0 } = labels[index] ?? {};
      if (box !== undefined) expect(others.some((other) => other !== undefined && overlaps(box, other))).toBe(false);
      else {
        const isFree = places.some(
          (one) => !others.some((other) => other && overlaps(corners(one, width, height), other)),
        );
        expect(isFree).toBe(false);
      }
    }
  },
);
