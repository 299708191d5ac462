/** The script that installs the real components knows the same ones as the tests, and touches nothing that is there. */
import { chmodSync, existsSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { type ComponentName, component, componentNames } from "./components.js";
import { type Exit, run } from "./process.js";
import { scratchFolder } from "./scratch.js";

const script = join(import.meta.dirname, "..", "scripts", "install-components.sh");

/** The commands by which the script sees that a component is there. */
const named: Partial<Record<ComponentName, string>> = {
  netns: "ip",
  redis: "redis-server",
  nats: "nats-server",
  bubblewrap: "bwrap",
  slurm: "slurmctld",
};
const commands = componentNames.map((name) => named[name] ?? name);

/** Runs the script where there are only the given commands, and an apt-get that logs and does what `apt` says. */
async function runWhere(
  present: readonly string[],
  apt = "exit 0",
  { os = "debian", args = [] }: { readonly os?: string; readonly args?: readonly string[] } = {},
): Promise<Exit & { readonly calls: string[] }> {
  const bin = scratchFolder();
  const log = join(bin, "log");
  const put = (name: string, body: string): void => {
    writeFileSync(join(bin, name), `#!/bin/bash\n${body}\n`);
    chmodSync(join(bin, name), 0o755);
  };
  for (const name of present) put(name, "exit 0");
  put("id", "echo 0");
  put("apt-get", `echo "$1 \${@: -1}" >>'${log}'\n${apt}`);
  for (const name of ["awk", "env", "bash"]) {
    const real = (await run("bash", ["-c", `command -v ${name}`])).stdout.trim();
    symlinkSync(real, join(bin, name));
  }
  const release = join(bin, "os-release");
  writeFileSync(release, `NAME="Some Linux"\nID=${os}\n`);
  const exit = await run(join(bin, "bash"), [script, ...args], { env: { PATH: bin, OS_RELEASE: release } });
  return { ...exit, calls: existsSync(log) ? readFileSync(log, "utf8").trim().split("\n") : [] };
}

it("lists the components of test/components.ts, namespaces and sandboxes only where they are allowed", async () => {
  const { code, stdout } = await run("bash", [script, "--list"]);
  const asked: readonly ComponentName[] = ["netns", "bubblewrap"];
  const listed = componentNames.filter((name) => !asked.includes(name) || component(name).version !== undefined);
  expect({ code, stdout }).toEqual({ code: 0, stdout: `${listed.join(",")}\n` });
});

it("installs nothing when everything is present", async () => {
  expect(await runWhere([...commands, "git"])).toMatchObject({ code: 0, calls: [] });
});

it("installs only what is missing, without fetching lists", async () => {
  expect(await runWhere(commands)).toMatchObject({ code: 0, calls: ["install git"] });
});

it("fetches the lists once where the install fails without, and fails when it still does", async () => {
  const others = commands.filter((name) => name !== "openssl");
  const outcome = await runWhere([...others, "git"], "[[ $1 == update ]] || exit 100");
  expect(outcome.calls).toEqual(["install openssl", "update -q", "install openssl"]);
  expect(outcome.code).toBe(100);
});

it("installs every package of a component that has several", async () => {
  const others = commands.filter((name) => name !== "slurmctld");
  const { stdout, calls } = await runWhere([...others, "git"]);
  expect(calls).toEqual(["install slurm-wlm-basic-plugins"]); // the last word: each is a word of its own
  expect(stdout).toContain("slurm: to be installed from munge slurmctld slurmd slurm-client slurm-wlm-basic-plugins\n");
});

describe("on Ubuntu, where Chromium is a snap", () => {
  const os = "ubuntu";

  it("it is neither installed nor asked for", async () => {
    const others = commands.filter((name) => name !== "chromium" && name !== "openssl");
    expect(await runWhere([...others, "git"], "exit 0", { os })).toMatchObject({ code: 0, calls: ["install openssl"] });
    const list = await runWhere([...others, "git"], "exit 0", { os, args: ["--list"] });
    expect(list.stdout).toContain("etcd,redis,");
    expect(list.stdout).not.toContain("chromium");
  });

  it("it is used where somebody has put one", async () => {
    const { stdout } = await runWhere([...commands, "git"], "exit 0", { os, args: ["--list"] });
    expect(stdout).toContain("etcd,chromium,redis");
  });
});
