/** What the comparison of two runs found (isolation.ts), kept. */
import { expect, it } from "vitest";
import type { ServerInput, ServerOutput } from "../../src/core/index.js";
import { messagesIn } from "./connection-watch.js";
import { drawIsolation, type IsolationPlan, isolationViolation } from "./isolation.js";
import { SHIPPED } from "./machines.js";
import type { Plan } from "./plan.js";
import { runPlan } from "./run-plan.js";

/** Without parts of milliseconds, which keep what comes from the instants of deadlines. */
function withTies({ withSlow, withoutSlow, how }: IsolationPlan): IsolationPlan {
  const whole = (plan: Plan): Plan => ({
    ...plan,
    acts: plan.acts.map((act) => ({ ...act, atMs: Math.floor(act.atMs) })),
    impairments: { ...plan.impairments, latencyMs: Math.floor(plan.impairments.latencyMs as number) },
  });
  return { withSlow: whole(withSlow), withoutSlow: whole(withoutSlow), how };
}

/** What the server says to each of the others, and when. */
function said(plan: Plan): string[] {
  const all: string[] = [];
  const names = new Map<number, string>();
  class Recorded extends SHIPPED.ServerMachine {
    override handle(now: number, input: ServerInput): ServerOutput[] {
      const outputs = super.handle(now, input);
      const say = (connection: number, bytes: Uint8Array): void => {
        for (const message of messagesIn(bytes)) {
          if (message.type === "welcome") {
            const { member, members } = message;
            names.set(connection, members.find((one) => one.member === member)?.name ?? "an observer");
          }
          const name = names.get(connection);
          if (name !== "slow") all.push(`${name} at ${now}: ${JSON.stringify(message)}`);
        }
      };
      for (const output of outputs) {
        if (output.type === "send") say(output.connection, output.bytes);
        if (output.type === "sendAll") for (const connection of output.connections) say(connection, output.bytes);
      }
      return outputs;
    }
  }
  runPlan(plan, { ...SHIPPED, ServerMachine: Recorded }, { endsAtMs: 4_000 });
  return all.sort();
}

/** Others have lagged for 100 ms at the instant at which the network has room for the rest of what they were sent. */
const found = drawIsolation(910_364_234);

it("B19, E: others that are too slow are told so in the same way beside a member that has a small window", () => {
  expect(isolationViolation(found)?.message).toBeUndefined();
});

it("B19, E: where room comes at the instant of a deadline, the server says the same to the others, whichever the network does first", () => {
  const tied = withTies(found);
  // One read has the CLOSE with what stood before it, or there are two, and what the first one brought is acknowledged between them.
  expect(isolationViolation(tied)?.message).toMatch(/acknowledged.*SLOW, it took nothing for 100 ms/);
  const words = said(tied.withSlow);
  expect(words.filter((one) => one.includes("SLOW")).length).toBeGreaterThan(0);
  expect(words).toEqual(said(tied.withoutSlow));
});
