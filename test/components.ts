/**
 * The real programs that some tests talk to: how each is found, and why it may be absent. A test that needs one is
 * written `itWith("python3", "does something", ...)`; it is skipped with the printed reason where the program is absent,
 * and fails instead where LAB_REQUIRE names it (CI installs it first with scripts/install-components.sh).
 */
import { spawnSync } from "node:child_process";
import { it } from "vitest";

export interface Component {
  readonly name: string;
  /** First line of what the program prints of its own version, or undefined where it is absent. */
  readonly version: string | undefined;
  readonly whyAbsent: string;
}

function find(name: string, command: string, args: readonly string[], whyAbsent: string): Component {
  const result = spawnSync(command, args, { encoding: "utf8", timeout: 10_000 });
  const said = result.status === 0 ? `${result.stdout}${result.stderr}`.split("\n")[0]?.trim() : undefined;
  return { name, version: said === "" ? "present" : said, whyAbsent };
}

export type ComponentName =
  | "python3"
  | "openssl"
  | "gcc"
  | "tshark"
  | "netns"
  | "etcd"
  | "chromium"
  | "redis"
  | "nats"
  | "bubblewrap"
  | "slurm";

/** Makes what the tests need, with a bridge and a pair of interfaces, and takes it away again. */
const NETNS_PROBE =
  "ip -V && n=lab-probe-$$ && ip netns add $n && trap 'ip netns del $n' EXIT && " +
  "ip -n $n link add br0 type bridge && ip -n $n link add one type veth peer name two";

/** All that a Slurm of one node is made of; whoever starts it needs no root, but slurmd and munged stand among root's programs. */
const SLURM_PROBE = "for one in munged slurmd sbatch srun; do command -v $one >/dev/null || exit 1; done; slurmctld -V";

/** That it is installed says nothing: many containers forbid the namespaces that it makes. */
const BWRAP_ARGUMENTS = [
  "--unshare-all",
  "--ro-bind",
  "/",
  "/",
  "--proc",
  "/proc",
  "--dev",
  "/dev",
  "bwrap",
  "--version",
];

const lookups: Readonly<Record<ComponentName, () => Component>> = {
  python3: () =>
    find("python3", "python3", ["--version"], "no python3 on the PATH: needed to talk to programs of others"),
  openssl: () => find("openssl", "openssl", ["version"], "no openssl on the PATH: needed to make test certificates"),
  tshark: () =>
    find("tshark", "tshark", ["--version"], "no tshark on the PATH: needed to judge the captures that we write"),
  etcd: () =>
    find("etcd", "etcd", ["--version"], "no etcd on the PATH: needed by the election whose lease lives there"),
  chromium: () =>
    find("chromium", "chromium", ["--version"], "no chromium on the PATH: needed to look at pages as a person does"),
  redis: () =>
    find(
      "redis",
      "redis-server",
      ["--version"],
      "no redis-server on the PATH: needed by the gateways over Redis Streams",
    ),
  nats: () =>
    find(
      "nats",
      "nats-server",
      ["--version"],
      "no nats-server on the PATH: needed by the gateways over NATS JetStream",
    ),
  gcc: () =>
    find(
      "gcc",
      "gcc",
      ["--version"],
      "no gcc on the PATH: needed to compile a client in C, and what builds are measured on",
    ),
  bubblewrap: () =>
    find(
      "bubblewrap",
      "bwrap",
      BWRAP_ARGUMENTS,
      "no bwrap on the PATH, or nobody who may make user namespaces: needed by the sandbox of actions",
    ),
  slurm: () =>
    find(
      "slurm",
      "sh",
      ["-c", SLURM_PROBE],
      "no munged, slurmctld, slurmd and Slurm's commands on the PATH: needed to run builds over Slurm",
    ),
  netns: () => find("netns", "sh", ["-c", NETNS_PROBE], "no iproute2, or no root that may make network namespaces"),
};
const found = new Map<ComponentName, Component>();

export function component(name: ComponentName): Component {
  const one = found.get(name) ?? lookups[name]();
  found.set(name, one);
  return one;
}

export const componentNames: readonly ComponentName[] = Object.keys(lookups) as ComponentName[];

/** The names that this run may not skip, from the environment variable LAB_REQUIRE (a comma-separated list). */
export function required(): ReadonlySet<string> {
  const names = (process.env["LAB_REQUIRE"] ?? "").split(",").filter((name) => name !== "");
  const unknown = names.filter((name) => !Object.hasOwn(lookups, name));
  if (unknown.length > 0) throw new RangeError(`LAB_REQUIRE names ${unknown.join(", ")}: test/components.ts does not`);
  return new Set(names);
}

/** A test that needs a component; its title ends with `[component]`, by which the reporter counts it. */
export function itWith(name: ComponentName, title: string, test: () => Promise<void> | void, timeout?: number): void {
  const full = `${title} [${name}]`;
  const { version, whyAbsent } = component(name);
  if (version !== undefined) it(full, test, timeout);
  else if (required().has(name)) {
    it(full, () => {
      throw new Error(`LAB_REQUIRE names ${name}, but it is absent: ${whyAbsent}`);
    });
  } else {
    // biome-ignore lint/suspicious/noSkippedTests: counted and explained in the closing table (test/reporter.ts)
    it.skip(full, test);
  }
}
