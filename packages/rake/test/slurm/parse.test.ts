/** Reading what Slurm prints (docs/rake.md R49, R50). */
import { execFileSync } from "node:child_process";
import { describe, expect, it } from "vitest";
import { complaint, slurmEnvironment } from "../../src/node/slurm/commands.js";
import { resolveSlurmOptions, type SlurmOptions } from "../../src/node/slurm/options.js";
import { freeCpus, othersCpus, parseJobs, parseNodes, parseSteps, parseSubmitted } from "../../src/node/slurm/parse.js";
import { quoted } from "../../src/node/slurm/pilot-script.js";
import { isOver } from "../../src/node/slurm/queue.js";
import { REFUSED, SHOWN_STEPS, SINFO, SQUEUE, STEPS, SUBMITTED, SUBMITTED_ELSEWHERE } from "./recorded.js";

describe("what Slurm prints", () => {
  it("R49: the number of a submitted job, with and without a cluster's name", () => {
    expect([SUBMITTED, SUBMITTED_ELSEWHERE, "", "sbatch: error", "12x"].map(parseSubmitted)).toEqual([
      1,
      4711,
      undefined,
      undefined,
      undefined,
    ]);
  });

  it("R49: jobs with their state, node and reason; a line that is none is left out", () => {
    expect(parseJobs(`${SQUEUE}slurm_load_jobs error\n|||\n`)).toEqual([
      { id: 3, state: "PENDING", cpus: 3, node: "", reason: "Resources" },
      { id: 1, state: "RUNNING", cpus: 2, node: "vm", reason: "None" },
      { id: 2, state: "CANCELLED", cpus: 2, node: "vm", reason: "None" },
      { id: 8, state: "CANCELLED", cpus: 2, node: "localhost", reason: "Priority" },
    ]);
    expect(parseJobs(SQUEUE).map(isOver)).toEqual([false, false, true, true]);
    expect(isOver(undefined)).toBe(true);
  });

  it("R50: processors are free where a node takes jobs", () => {
    const free = Object.values(SINFO).map((text) => freeCpus(parseNodes(text)));
    expect(free).toEqual([4, 2, 0, 0, 0]);
    expect(freeCpus(parseNodes("a|idle*|0/8/0/8|a\nb|down|0/0/8/8|b\nc|idle~|0/8/0/8|c\n"))).toBe(8);
  });

  it("R50: a node that is in two partitions counts once", () => {
    const nodes = parseNodes(`${SINFO.mixed}${SINFO.mixed}`);
    expect(nodes).toEqual([
      { name: "vm", state: "mixed", address: "127.0.0.1", allocated: 2, idle: 2, other: 0, total: 4 },
    ]);
  });

  it("R50: steps, and the processors of those that are not ours and run", () => {
    expect(parseSteps(STEPS).map(({ id, name }) => `${id} ${name}`)).toEqual([
      "1.0 rake-1",
      "1.1 other",
      "1.batch batch",
      "2.batch batch",
    ]);
    expect(othersCpus(SHOWN_STEPS, (name) => name.startsWith("rake"))).toBe(1);
    expect(othersCpus(SHOWN_STEPS, () => false)).toBe(2);
    expect(othersCpus("Job step 1. not found\n", () => false)).toBe(0);
  });

  it("complaints stand in one line, without the names of who complains", () => {
    expect(complaint(REFUSED)).toBe(
      "invalid partition specified: no; Batch job submission failed: Invalid partition name specified",
    );
    expect(complaint("x".repeat(5_000))).toHaveLength(1_000);
  });
});

describe("what Slurm is told", () => {
  it("R49: words of a command stay words, whatever is in them", () => {
    const words = ["a b", "it's", '"$HOME" `x` \\', "new\nline", "", "*"];
    const script = `printf '%s\\0' ${words.map(quoted).join(" ")}`;
    expect(execFileSync("/bin/sh", ["-c", script], { encoding: "utf8" })).toBe(`${words.join("\0")}\0`);
  });

  it("commands see none of Slurm's variables of a job around us, but where the configuration is", () => {
    const before = { ...process.env };
    Object.assign(process.env, { SLURM_JOB_ID: "7", SLURM_CONF: "/etc/other", SBATCH_PARTITION: "x", SLURMISH: "y" });
    try {
      const { SLURM_JOB_ID, SLURM_CONF, SBATCH_PARTITION, SLURMISH } = slurmEnvironment();
      expect([SLURM_JOB_ID, SLURM_CONF, SBATCH_PARTITION, SLURMISH]).toEqual([undefined, "/etc/other", undefined, "y"]);
    } finally {
      for (const name of ["SLURM_JOB_ID", "SLURM_CONF", "SBATCH_PARTITION", "SLURMISH"]) {
        if (before[name] === undefined) delete process.env[name];
        else process.env[name] = before[name];
      }
    }
  });

  it("options have their defaults, and a wrong one is refused by its name", () => {
    expect(resolveSlurmOptions({ partition: "short", arguments: ["--account=physics"] })).toEqual({
      folder: process.cwd(),
      cpus: undefined,
      maxCpus: 64,
      timeLimitMinutes: 60,
      arguments: ["--job-name=rake", "--time=60", "--partition=short", "--account=physics"],
      jobName: "rake",
      startMs: 60_000,
      pollMs: 2_000,
      endMs: 5_000,
    });
    const wrong: readonly [SlurmOptions, string][] = [
      [{ cpus: 0 }, "cpus must be a whole number from 1 to 65536, not 0"],
      [{ pollMs: 1 }, "pollMs must be a whole number from 50"],
      [{ partition: "a b" }, "partition must have letters"],
      [{ jobName: "" }, "jobName must be a text of 1 to 128 bytes"],
      [{ arguments: ["physics"] }, "arguments[0] must be an option of Slurm"],
      [{ timeLimitMinutes: 1.5 }, "timeLimitMinutes must be a whole number"],
    ];
    for (const [options, message] of wrong) expect(() => resolveSlurmOptions(options)).toThrow(message);
  });
});
