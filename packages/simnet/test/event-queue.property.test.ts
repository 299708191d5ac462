import fc from "fast-check";
import { expect, it } from "vitest";
import { EventQueue } from "../src/core/event-queue.js";

const steps = fc.array(
  fc.oneof(
    { weight: 3, arbitrary: fc.record({ put: fc.integer({ min: 0, max: 8 }), cancelled: fc.boolean() }) },
    { weight: 2, arbitrary: fc.constant("take" as const) },
  ),
  { maxLength: 200 },
);

it("N1: events come in the order of time, then in the order in which they were put in; cancelled ones never", () => {
  fc.assert(
    fc.property(steps, (taken) => {
      const queue = new EventQueue();
      let model: { at: number; name: number }[] = [];
      const happened: number[] = [];
      taken.forEach((step, name) => {
        if (step !== "take") {
          queue.push(step.put, { cancelled: step.cancelled, perform: () => happened.push(name) });
          if (!step.cancelled) model.push({ at: step.put, name });
          return;
        }
        const earliest = Math.min(...model.map(({ at }) => at));
        const first = model.find(({ at }) => at === earliest);
        model = model.filter((one) => one !== first);
        expect(queue.nextTime()).toBe(first?.at);
        queue.pop()?.perform();
        expect(happened.pop()).toBe(first?.name);
      });
    }),
  );
});
