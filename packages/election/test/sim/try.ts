import { renderTrace } from "@lab/simnet";
import { drawPlan } from "./plan.js";
import { runPlan } from "./run-plan.js";

const mode = process.argv[2] as "quorum";
const from = Number(process.argv[3]);
const n = Number(process.argv[4]);
const t0 = performance.now();
let bad = 0;
const rules: Record<string, number> = {};
let h = 0,
  el = 0;
for (let s = from; s < from + n; s++) {
  try {
    const r = runPlan(drawPlan(s, mode), { trace: n === 1 });
    h += r.virtualMs;
    el += r.elections;
    if (r.violation) {
      bad++;
      rules[r.violation.rule] = (rules[r.violation.rule] ?? 0) + 1;
      if (bad < 6) console.log(s, r.violation.message);
      if (n === 1) {
        console.log(JSON.stringify(drawPlan(s, mode), null, 1));
        console.log(
          renderTrace(r.trace)
            .split("\n")
            .filter((l) => process.argv[5] || !/segment|bytes/.test(l))
            .slice(-Number(process.argv[6] ?? 150))
            .join("\n"),
        );
      }
    }
  } catch (e) {
    console.log(s, (e as Error).stack);
    bad++;
    if (bad > 3) break;
  }
}
console.log(
  n,
  "seeds",
  bad,
  "bad",
  rules,
  (h / 3.6e6).toFixed(1),
  "h",
  el,
  "elections",
  ((performance.now() - t0) / 1000).toFixed(1),
  "s",
);
