// The Rakefile that built this has no fault; a text that is none has some, and nothing is thrown.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { parseRakefile } from "../dist/rake.mjs";
import { refuses } from "./garbage.mjs";

const { plan, faults } = parseRakefile(readFileSync("Rakefile"));
assert.deepEqual(faults, []);
refuses(parseRakefile, () => false, 2_000);
console.log(`rake: understood its own Rakefile, ${plan.sets.length} sets, and 2000 random ones`);
