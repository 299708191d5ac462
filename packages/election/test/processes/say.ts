/** What a process prints of its elector: lines of JSON like those of `election run --json`. */
import type { Elector } from "../../src/core/index.js";

export function say(event: string, facts: object): void {
  process.stdout.write(`${JSON.stringify({ event, ns: String(process.hrtime.bigint()), ...facts })}\n`);
}

export function sayEvents(elector: Elector): void {
  elector.on("elected", (token) => say("elected", { token }));
  elector.on("stepDown", (token, why) => say("stepDown", { token, why }));
  elector.on("leader", (leader) => say("leader", { leader: leader ?? null }));
}
