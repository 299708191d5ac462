/**
 * A step of `pnpm check`: every rule of docs/ is named by a test and every rule that a test names exists, and no file
 * speaks of the machine on which it was written. Usage: `node --import tsx scripts/check-docs.ts [ROOT]`.
 */
import { join } from "node:path";
import { leakFaults, registryInUse } from "./check-docs/leaks.js";
import { ruleFaults } from "./check-docs/rules.js";

const root = process.argv[2] ?? join(import.meta.dirname, "..");
const faults = [...ruleFaults(root), ...leakFaults(root, registryInUse())];
for (const fault of faults) console.error(fault);
console.log(faults.length === 0 ? "documents: every rule has its test" : `documents: ${faults.length} faults`);
process.exitCode = faults.length === 0 ? 0 : 1;
