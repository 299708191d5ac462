import { it } from "vitest";
import { checks } from "./rules.js";
import { shipped } from "./subject.js";

for (const { rule, title, run } of checks) it(`${rule}: ${title}`, async () => await run(shipped));
