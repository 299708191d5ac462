/** Takes an allocation and runs one action there until it is killed; prints the number of the job when the action runs. */
import { build } from "../../src/node/build.js";
import { direct } from "../../src/node/slurm/index.js";

const [folder = "", work = "", seconds = ""] = process.argv.slice(2);
const server = { sandbox: "rlimit", speed: 1_000, toolchain: "test" } as const;
const host = await direct({ folder, cpus: 1, listen: "127.0.0.1", server });
await build({
  rakefile: `actionset1:\n\tremote-echo up; setsid sleep ${seconds} & sleep ${seconds}\n`,
  folder: work,
  hosts: [host.address],
  secret: host.secret,
  show: () => void process.stdout.write(`job ${host.jobId}\n`),
});
