/**
 * Runs a command once for each of many command lines, one after another in this one process: `node FILE PROGRAM`, the lines as
 * JSON on standard input, what became of each as JSON on standard output.
 */
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";
import type { Outcome } from "./command-lines.js";

const program = pathToFileURL(process.argv[2] ?? "").href;
const lines = JSON.parse(readFileSync(0, "utf8")) as readonly (readonly string[])[];
const say = process.stdout.write.bind(process.stdout);
const outcomes: Outcome[] = [];
let said = { stdout: "", stderr: "" };

// Each line listens to the same process.
for (const one of [process, process.stdout, process.stderr]) one.setMaxListeners(0);

for (const name of ["stdout", "stderr"] as const) {
  process[name].write = (chunk: string | Uint8Array, ...more: unknown[]): boolean => {
    said[name] += typeof chunk === "string" ? chunk : Buffer.from(chunk).toString();
    for (const one of more) if (typeof one === "function") process.nextTick(one);
    return true;
  };
}

function next(): void {
  const line = lines[outcomes.length];
  if (line === undefined) {
    process.off("beforeExit", ended);
    process.exitCode = 0;
    say(`${JSON.stringify(outcomes)}\n`);
    return;
  }
  said = { stdout: "", stderr: "" };
  process.exitCode = undefined;
  process.argv.splice(2, Number.POSITIVE_INFINITY, ...line);
  // Another name makes it another module, which begins anew.
  void import(`${program}?line=${outcomes.length}`);
}

/** A line is over when nothing is left to be waited for, as a process would be. */
function ended(): void {
  outcomes.push({ code: Number(process.exitCode ?? 0), ...said });
  next();
}

process.on("beforeExit", ended);
next();
