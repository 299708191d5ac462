/**
 * `pnpm --filter @lab/election overlap-report FILES`: what the samples and the resource's logs in FILES show (judge.ts).
 * Exits 1 where two thought at one time that they led, or an old token was accepted.
 */
import { readFileSync } from "node:fs";
import { DEFAULT_MAX_GAP_MS, judge, parseLines, type Sample, THAW_GAP_MS, type Write } from "./judge.js";

const files = process.argv.slice(2);
if (files.length === 0) {
  console.error("usage: overlap-report FILES: samples and logs of one run, written by `overlap --out DIR`");
  process.exit(2);
}
const samples: Sample[] = [];
const writes: Write[] = [];
for (const file of files) {
  const parsed = parseLines(readFileSync(file, "utf8"));
  samples.push(...parsed.samples);
  if (writes.length > 0 && parsed.writes.length > 0) throw new Error(`${file} is a second log of a resource`);
  for (const write of parsed.writes) writes.push(write);
}
const verdict = judge(samples, writes);
console.log(`samples of isLeader()              ${verdict.samples}, ${verdict.trueSamples} of them true`);
console.log(`tokens                             ${verdict.tokens}`);
console.log(`overlap of true samples            ${verdict.overlapMs.toFixed(1)} ms`);
console.log(`true samples in another's interval ${verdict.overlappingSamples}`);
console.log(`first answers after a thaw         ${verdict.thaws}, ${verdict.trueThaws} of them true`);
console.log(`writes accepted, refused           ${verdict.acceptedWrites}, ${verdict.refusedWrites}`);
console.log(`old tokens accepted                ${verdict.oldAccepted}`);
console.log(
  `(an interval joins true samples of one process and token that are at most ${DEFAULT_MAX_GAP_MS} ms apart; ` +
    `a process that has not asked for ${THAW_GAP_MS} ms was frozen)`,
);
if (verdict.overlapMs > 0 || verdict.overlappingSamples > 0 || verdict.oldAccepted > 0) process.exitCode = 1;
