/**
 * `pnpm --filter @lab/election overlap [--mode quorum|etcd|available] [--rounds 20] [--out DIR] [--unfenced]`: the overlap
 * experiment, each case with its report. Without --mode: all three. Exits 1 where quorum or etcd overlap, where an old
 * token is accepted, and where `available` does not overlap: then the experiment shows nothing.
 */
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { CASES } from "./cases.js";
import { MODES, type Mode, playRounds, report } from "./experiment.js";

type Case = (typeof CASES)[number];

const SAYS: Readonly<Record<Case, string>> = {
  cut: "the leader's links are cut, both ways and one way in turn",
  stop: "the leader is stopped (SIGSTOP) until another leads, and goes on",
};

const { values } = parseArgs({
  options: {
    mode: { type: "string" },
    rounds: { type: "string", default: "20" },
    out: { type: "string" },
    unfenced: { type: "boolean", default: false },
  },
});
const modes = values.mode === undefined ? MODES : MODES.filter((mode) => mode === values.mode);
const rounds = Number(values.rounds);
if (modes.length === 0 || !Number.isInteger(rounds) || rounds < 1) {
  console.error(`usage: overlap [--mode ${MODES.join("|")}] [--rounds N] [--out DIR] [--unfenced]`);
  process.exit(2);
}

const folder = values.out ?? mkdtempSync(join(tmpdir(), "lab-overlap-"));
try {
  for (const mode of modes) {
    let overlaps = false;
    for (const which of CASES) overlaps = (await play(mode, which)) || overlaps;
    if (overlaps !== (mode === "available")) {
      console.log(`\n${mode}: ${overlaps ? "NOT SAFE" : "no overlap was seen, so the experiment shows nothing"}`);
      process.exitCode = 1;
    }
  }
} finally {
  if (values.out === undefined) rmSync(folder, { recursive: true, force: true });
}

async function play(mode: Mode, which: Case): Promise<boolean> {
  console.log(`\n${mode}: ${rounds} times ${SAYS[which]}`);
  const own = join(folder, `${mode}-${which}`);
  if (existsSync(own)) throw new Error(`${own} is there already: the samples of two runs would mix`);
  const files = await playRounds({ mode, which, rounds, folder: own, unfenced: values.unfenced });
  const { text, isClean } = await report(files);
  process.stdout.write(text);
  return !isClean;
}
