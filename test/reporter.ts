/**
 * Prints, after vitest's own report: seconds per package, the table of components, what failed or passed at its second attempt
 * alone, and a closing line of counts.
 */
import { stripVTControlCharacters } from "node:util";
import type { Reporter, TestCase, TestModule } from "vitest/node";
import { component, componentNames, required } from "./components.js";

const budgetSeconds = 40;
const linesOfAnError = 12;

export default class ClosingReporter implements Reporter {
  onInit(): void {
    required(); // a misspelt name in LAB_REQUIRE ends the run before it begins
  }

  onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly unknown[]): void {
    // What fails outside a test (a hook, a file that does not load, a promise that nobody awaits) fails the run too.
    const counts = { passed: 0, failed: unhandledErrors.length, skipped: 0, pending: 0 };
    const milliseconds = new Map<string, number>();
    const failed: string[] = [];
    const unsteady: string[] = [];
    for (const error of unhandledErrors) failed.push(told("outside a test", [error]));
    const perComponent = new Map<string, { run: number; skipped: number }>();
    for (const module of modules) {
      const [top = "", name = ""] = module.relativeModuleId.split("/");
      const owner = top === "test" ? "workspace" : top === "bench" ? top : `${top}/${name}`;
      milliseconds.set(owner, (milliseconds.get(owner) ?? 0) + module.diagnostic().duration);
      for (const at of [module, ...module.children.allSuites()]) {
        counts.failed += at.errors().length;
        if (at.errors().length > 0) failed.push(told(module.relativeModuleId, at.errors()));
      }
      for (const test of module.children.allTests()) {
        const { state, errors } = test.result();
        counts[state]++;
        const name = `${module.relativeModuleId} > ${test.fullName}`;
        if (state === "failed") failed.push(told(name, errors));
        else if (test.diagnostic()?.flaky === true) unsteady.push(told(name, errors ?? []));
        countComponent(perComponent, test, state === "skipped");
      }
    }
    console.log(`\nseconds per package (budget ${budgetSeconds}):`);
    for (const [owner, ms] of [...milliseconds].sort(([a], [b]) => a.localeCompare(b))) {
      console.log(
        `  ${owner.padEnd(24)} ${(ms / 1000).toFixed(1)}${ms / 1000 > budgetSeconds ? "  over its budget" : ""}`,
      );
    }
    console.log("component      tests run  skipped  version, or why it is absent");
    for (const name of componentNames) {
      const { run, skipped } = perComponent.get(name) ?? { run: 0, skipped: 0 };
      const { version, whyAbsent } = component(name);
      console.log(
        `${name.padEnd(14)} ${String(run).padStart(9)} ${String(skipped).padStart(8)}  ${version ?? whyAbsent}`,
      );
    }
    if (unsteady.length > 0) console.log(["\npassed at the second attempt alone:", ...unsteady].join("\n"));
    if (failed.length > 0) console.log(["\nwhat failed:", ...failed].join("\n"));
    if (counts.pending > 0) console.log(`\n${counts.pending} not run: the run was ended early`);
    console.log(`\n${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`);
  }
}

/** A name and the first lines of what went wrong. */
function told(name: string, errors: readonly unknown[]): string {
  const messages = errors.map((error) => String((error as { message?: unknown } | null)?.message ?? error));
  const lines = stripVTControlCharacters(messages.join("\n")).split("\n").slice(0, linesOfAnError);
  return [name, ...lines].join("\n    ").replace(/^/, "  ");
}

function countComponent(table: Map<string, { run: number; skipped: number }>, test: TestCase, skipped: boolean): void {
  const name = /\[([\w-]+)\]$/.exec(test.name)?.[1];
  if (name === undefined) return;
  const row = table.get(name) ?? { run: 0, skipped: 0 };
  row[skipped ? "skipped" : "run"]++;
  table.set(name, row);
}
