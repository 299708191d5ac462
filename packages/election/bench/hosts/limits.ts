/** What this machine must allow for so many connections, and the processes to be started under such a limit. */
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";

/** Descriptors that a process needs besides its connections. */
const OTHER_DESCRIPTORS = 200;
/** Of the local ports of an address, how many are counted on: others may hold some. */
const USABLE_PORTS = 0.8;

export interface Limits {
  readonly descriptors: number;
  /** Loopback addresses from which connections must be opened, since each has only so many local ports. */
  readonly sourceAddresses: readonly string[];
}

/** @throws Error that says what is missing */
export function limitsFor(connections: number): Limits {
  if (!existsSync("/proc/self/stat")) throw new Error("this measurement reads /proc, and thus needs Linux");
  const descriptors = connections + OTHER_DESCRIPTORS;
  if (spawnSync("/bin/sh", ["-c", `ulimit -n ${descriptors}`]).status !== 0) {
    throw new Error(
      `a process may not open ${descriptors} descriptors (ulimit -n), as ${connections} connections need: ` +
        "raise the hard limit (as root: ulimit -Hn, or /etc/security/limits.conf), or ask for fewer --hosts",
    );
  }
  const [low = 0, high = 0] = readFileSync("/proc/sys/net/ipv4/ip_local_port_range", "latin1")
    .trim()
    .split(/\s+/)
    .map(Number);
  const perAddress = Math.floor((high - low + 1) * USABLE_PORTS);
  const addresses = Math.ceil(connections / perAddress);
  if (addresses > 250) throw new Error(`${connections} connections need more local ports than 127.0.0.x gives`);
  return { descriptors, sourceAddresses: Array.from({ length: addresses }, (_, index) => `127.0.0.${index + 1}`) };
}

/** The arguments of /bin/sh that run a command under that limit; it takes the shell's place, and its process id. */
export function under({ descriptors }: Limits, command: readonly string[]): readonly string[] {
  return ["-c", 'ulimit -n "$1" && shift && exec "$@"', "sh", String(descriptors), ...command];
}
