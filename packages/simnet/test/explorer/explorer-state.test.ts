import { describe, expect, it } from "vitest";
import { choice } from "../../src/core/explore-choice.js";
import { SmallWorld } from "../../src/core/explore-small-world.js";
import type { NodeOutput, Scenario } from "../../src/core/index.js";

/** One node without a memory, which asks for this at its start and for nothing afterwards. */
function asking(outputs: NodeOutput[], more: Partial<Scenario> = {}): Scenario {
  return {
    nodes: {
      mute: () => ({
        handle: (_now, { type }) => (type === "start" ? [{ type: "bind", port: 1 }, ...outputs] : []),
        nextDeadline: () => undefined,
        fingerprint: () => "",
      }),
    },
    ...more,
  };
}

function packets(count: number): NodeOutput[] {
  const to = { node: "mute", port: 1 };
  return Array.from({ length: count }, () => ({ type: "datagram", port: 1, to, bytes: Uint8Array.of(7) }));
}

function later(afterMs: number, token: unknown = 0): NodeOutput[] {
  return [{ type: "later", afterMs, token }];
}

function hashAfter(scenario: Scenario, ...choices: number[]): string {
  const world = new SmallWorld(scenario);
  for (const code of choices) world.take(code);
  return world.hash().join();
}

const deliver = choice("deliver");
const hold = choice("hold");
const duplicate = choice("duplicate");

describe("two worlds that will not go on alike have different hashes", () => {
  it("N38: a packet that was overtaken may be released, one that was just held back may not", () => {
    expect(hashAfter(asking(packets(3)), hold)).not.toBe(hashAfter(asking(packets(4)), hold, deliver));
  });

  it("N38: a held packet is not one in flight", () => {
    expect(hashAfter(asking(packets(3)), hold, deliver)).not.toBe(hashAfter(asking(packets(3)), deliver));
  });

  it("N38: a copy is not lost, a packet may be", () => {
    expect(hashAfter(asking(packets(1)), duplicate)).not.toBe(hashAfter(asking(packets(1))));
  });

  it("N38: a later has its time and its token", () => {
    const hashes = [later(5), later(6), later(5, 1), []].map((outputs) => hashAfter(asking(outputs)));
    expect(new Set(hashes).size).toBe(4);
  });

  it("N38: the age of a packet counts where maxDelayMs does, and only there", () => {
    const [younger, older] = [packets(1), packets(2)];
    expect(hashAfter(asking(younger))).toBe(hashAfter(asking(older), deliver));
    const limited = { maxDelayMs: 10 };
    expect(hashAfter(asking(younger, limited))).not.toBe(hashAfter(asking(older, limited), deliver));
  });

  it("N38: the time counts where a horizon does, and only there", () => {
    const [early, late] = [packets(0), packets(1)];
    expect(hashAfter(asking(early))).toBe(hashAfter(asking(late), deliver));
    const limited = { horizonMs: 10 };
    expect(hashAfter(asking(early, limited))).not.toBe(hashAfter(asking(late, limited), deliver));
  });

  it("N38: a node that comes back is not one that stays down", () => {
    const crashed = (restart: "any time" | "never"): string =>
      hashAfter(asking([], { faults: { crashes: [{ node: "mute", durable: "kept", restart }] } }), choice("crash"));
    expect(crashed("any time")).not.toBe(crashed("never"));
  });
});

it("N30: a program may use its buffer again once it has asked for it to be sent", () => {
  const bytes = Uint8Array.of(1);
  const scenario = asking([{ type: "datagram", port: 1, to: { node: "mute", port: 1 }, bytes }]);
  const world = new SmallWorld(scenario);
  bytes[0] = 2;
  expect(world.packet(deliver)?.bytes).toEqual(Uint8Array.of(1));
});
