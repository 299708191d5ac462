/** The line that says at the end of a build what kept it from success. */
import { expect, it } from "vitest";
import { failuresText } from "../../src/cli/failures.js";
import { planText } from "../../src/cli/plan-text.js";
import type { BuildResult } from "../../src/core/index.js";
import { planOf, reportOf, type Told, TWO_HOSTS } from "./reports.js";

function failed(code: BuildResult["code"], message = ""): BuildResult {
  return { outcome: "failed", code, message, succeeded: 0, failed: 1, notRun: 0 };
}

const failure = (action: number, message: string): Told => [action, { type: "actionFailed", action, message }];

it("R37: lines that failed for one reason stand together", () => {
  const why = "no host is left:\na: refused\nb: lost\x1b[2J";
  const report = reportOf(planOf(TWO_HOSTS), [failure(0, why), failure(1, "exit code 1"), failure(2, why)], "failed");
  expect(failuresText(failed("NO_HOST"), report)).toBe(
    "NO_HOST: lines 3, 7: no host is left: a: refused; b: lost\\x1b[2J; line 5: exit code 1",
  );
});

it("R37: a few reasons are shown, the others counted; without one it is the result's message", () => {
  const plan = planOf(`actionset1:\n${"\tfalse\n".repeat(11)}`);
  const failures = [...Array(11).keys()].map((action) => failure(action, `exit code ${action}`));
  const text = failuresText(failed("ACTION_FAILED"), reportOf(plan, failures, "failed"));
  expect(text).toMatch(/^ACTION_FAILED: line 2: exit code 0; .*; line 9: exit code 7; and 3 reasons more$/);
  expect(failuresText(failed("OUTPUT", "disk\nfull"), reportOf(plan, [], "failed"))).toBe("OUTPUT: disk; full");
});

it("R33, R37: where no host is named, it is said how one is; so it is where the plan is printed", () => {
  const plan = planOf("actionset1:\n\tremote-x\n");
  const report = reportOf(plan, [failure(0, "no host is left:\nthe Rakefile names no host")], "failed");
  const advice = "HOSTS = HOST:PORT in the Rakefile names one, or --hosts";
  expect(failuresText(failed("NO_HOST"), report)).toBe(
    `NO_HOST: line 2: no host is left: the Rakefile names no host; ${advice}`,
  );
  expect(planText(plan)).toMatch(new RegExp(`^1 set, 1 action; hosts: none: ${advice}\n`));
  expect(planText(planOf("actionset1:\n\tx\n"))).toMatch(/^1 set, 1 action; hosts: none\n/);
});
