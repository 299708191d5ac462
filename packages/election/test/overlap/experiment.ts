/** The overlap experiment: real processes that ask themselves all the time whether they lead, and a resource they share. */
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { start } from "../../../../test/process.js";
import { compiledProgram } from "../processes/compiled.js";
import { NodeCluster } from "../processes/node-cluster.js";
import type { Times } from "../processes/node-config.js";
import { type Case, type Contestants, playRound } from "./cases.js";
import { EtcdContestants } from "./etcd-contestants.js";
import { judge, parseLines } from "./judge.js";

export const MODES = ["quorum", "etcd", "available"] as const;
export type Mode = (typeof MODES)[number];

export interface ExperimentOptions {
  readonly mode: Mode;
  readonly which: Case;
  readonly rounds: number;
  /** Where the samples and the resource's log go. */
  readonly folder: string;
  /** Default 3, or 4 where it is split. */
  readonly size?: number;
  /** Of quorum and available. Default: the preset `fast`. In etcd a lease is 1 s. */
  readonly times?: Times;
  /** The resource accepts everything. Default false. */
  readonly unfenced?: boolean;
  /** A mutant of quorum and available (node-config.ts). Default false. */
  readonly answersByFlag?: boolean;
  readonly onRound?: (round: number) => void;
}

/** So long two lead at one time before a split ends. */
const SPLIT_OVERLAP_MS = 100;

/** Plays all rounds. @returns the files that the processes wrote, for `overlap-report` */
export async function playRounds(options: ExperimentOptions): Promise<readonly string[]> {
  const { which, rounds, folder, unfenced = false } = options;
  mkdirSync(folder, { recursive: true });
  const log = join(folder, "resource.log");
  await using resource = start(process.execPath, [
    compiledProgram("resource.ts"),
    log,
    ...(unfenced ? ["--unfenced"] : []),
  ]);
  await using cluster = await open(options, `127.0.0.1:${await resource.port()}`);
  const files = [...cluster.ids.map((id) => cluster.samplesOf(id)), log];
  for (let round = 0; round < rounds; round++) {
    await playRound(cluster, which, round, () => showsTwo(files));
    options.onRound?.(round);
  }
  return files;
}

/** Whether two have led for a while at one time, and the lower of their tokens came to the resource after the higher. */
function showsTwo(files: readonly string[]): boolean {
  const lines = files.map((file) => (existsSync(file) ? readFileSync(file, "utf8") : ""));
  // Somebody may be in the middle of the last line.
  const { samples, writes } = parseLines(lines.map((text) => text.slice(0, text.lastIndexOf("\n") + 1)).join(""));
  const { overlapMs, refusedWrites, oldAccepted } = judge(samples, writes);
  return overlapMs > SPLIT_OVERLAP_MS && refusedWrites + oldAccepted > 0;
}

async function open(options: ExperimentOptions, resource: string): Promise<Contestants> {
  const { mode, which, times, folder, answersByFlag = false } = options;
  const { size = which === "split" ? 4 : 3 } = options;
  const common = { size, asks: true, resource, folder, answersByFlag, ...(times !== undefined && { times }) };
  if (mode === "etcd") return await EtcdContestants.start(size, folder, resource);
  return await NodeCluster.start({ ...common, mode });
}

/** What the separate script says of the files, and whether it found nothing wrong. */
export async function report(files: readonly string[]): Promise<{ readonly text: string; readonly isClean: boolean }> {
  const { code, stdout, stderr } = await start(process.execPath, [compiledProgram("../overlap/report.ts"), ...files])
    .exited;
  if (code !== 0 && code !== 1) throw new Error(`overlap-report ended with code ${code}: ${stderr}`);
  if (stdout === "") throw new Error(`overlap-report said nothing: ${stderr}`);
  return { text: stdout, isClean: code === 0 };
}
